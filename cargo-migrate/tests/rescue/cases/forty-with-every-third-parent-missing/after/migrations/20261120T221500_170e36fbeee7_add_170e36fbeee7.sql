-- revision: 170e36fbeee7
-- parents: 160d98c47536
-- message: add 170e36fbeee7
-- created: 2026-11-20T22:15:00Z

-- migrate: up
CREATE TABLE t22 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t22;
