-- revision: 02013c6ef362
-- parents: 01009e3779b1
-- message: add 02013c6ef362
-- created: 2026-11-20T01:15:00Z

-- migrate: up
CREATE TABLE t1 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t1;
