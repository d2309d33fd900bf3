-- revision: 1009e3779b10
-- parents: 0f094540215f
-- message: add 1009e3779b10
-- created: 2026-11-20T15:15:00Z

-- migrate: up
CREATE TABLE t15 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t15;
