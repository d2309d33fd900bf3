-- revision: 0af13b84ba3f
-- parents: 9f3c1a2b7d7e
-- message: add 0af13b84ba3f
-- created: 2026-11-20T01:15:00Z

-- migrate: up
CREATE TABLE b (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE b;
