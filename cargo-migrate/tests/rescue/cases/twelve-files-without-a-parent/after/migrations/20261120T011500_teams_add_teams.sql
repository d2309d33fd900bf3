-- revision: teams
-- parents: users
-- message: add teams
-- created: 2026-11-20T01:15:00Z

-- migrate: up
CREATE TABLE teams (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE teams;
