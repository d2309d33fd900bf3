-- revision: 1e128a8042be
-- parents: 1d11ec48c90d
-- message: add 1e128a8042be
-- created: 2026-11-21T05:15:00Z

-- migrate: up
CREATE TABLE t29 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t29;
