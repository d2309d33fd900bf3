-- revision: 2315a195a333
-- parents: 2215035e2982
-- message: add 2315a195a333
-- created: 2026-11-21T10:15:00Z

-- migrate: up
CREATE TABLE t34 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t34;
