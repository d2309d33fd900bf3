-- revision: 0704538453d7
-- parents: 0603b54cda26
-- message: add 0704538453d7
-- created: 2026-11-20T06:15:00Z

-- migrate: up
CREATE TABLE t6 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t6;
