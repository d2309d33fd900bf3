-- revision: 1f1328b7bc6f
-- parents: 1e128a8042be
-- message: add 1f1328b7bc6f
-- created: 2026-11-21T06:15:00Z

-- migrate: up
CREATE TABLE t30 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t30;
