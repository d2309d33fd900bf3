-- revision: 2013c6ef3620
-- parents: 1f1328b7bc6f
-- message: add 2013c6ef3620
-- created: 2026-11-21T07:15:00Z

-- migrate: up
CREATE TABLE t31 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t31;
