-- revision: 2215035e2982
-- parents: 21146526afd1
-- message: add 2215035e2982
-- created: 2026-11-21T09:15:00Z

-- migrate: up
CREATE TABLE t33 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t33;
