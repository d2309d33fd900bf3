-- revision: 01009e3779b1
-- parents: none
-- message: add 01009e3779b1
-- created: 2026-11-20T00:15:00Z

-- migrate: up
CREATE TABLE t0 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t0;
