-- revision: users
-- parents: none
-- message: add users
-- created: 2026-11-20T00:15:00Z

-- migrate: up
CREATE TABLE users (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE users;
