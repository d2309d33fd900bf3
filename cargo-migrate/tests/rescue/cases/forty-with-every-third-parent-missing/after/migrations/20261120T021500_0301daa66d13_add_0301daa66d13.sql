-- revision: 0301daa66d13
-- parents: 02013c6ef362
-- message: add 0301daa66d13
-- created: 2026-11-20T02:15:00Z

-- migrate: up
CREATE TABLE t2 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t2;
