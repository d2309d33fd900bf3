-- revision: 0804f1bbcd88
-- parents: 0704538453d7
-- message: add 0804f1bbcd88
-- created: 2026-11-20T07:15:00Z

-- migrate: up
CREATE TABLE t7 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t7;
