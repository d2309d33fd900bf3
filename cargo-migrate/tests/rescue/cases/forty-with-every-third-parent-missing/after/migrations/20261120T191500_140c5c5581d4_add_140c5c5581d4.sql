-- revision: 140c5c5581d4
-- parents: 130bbe1e0823
-- message: add 140c5c5581d4
-- created: 2026-11-20T19:15:00Z

-- migrate: up
CREATE TABLE t19 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t19;
