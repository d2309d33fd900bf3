-- revision: 040278dde6c4
-- parents: 0301daa66d13
-- message: add 040278dde6c4
-- created: 2026-11-20T03:15:00Z

-- migrate: up
CREATE TABLE t3 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t3;
