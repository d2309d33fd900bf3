-- revision: logs
-- parents: 1f77a4395c91, teams
-- message: add logs
-- created: 2026-11-20T05:15:00Z

-- migrate: up
CREATE TABLE logs (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE logs;
