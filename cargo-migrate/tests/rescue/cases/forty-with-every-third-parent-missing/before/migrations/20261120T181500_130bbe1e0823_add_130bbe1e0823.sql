-- revision: 130bbe1e0823
-- parents: 120b1fe68e72
-- message: add 130bbe1e0823
-- created: 2026-11-20T18:15:00Z

-- migrate: up
CREATE TABLE t18 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t18;
