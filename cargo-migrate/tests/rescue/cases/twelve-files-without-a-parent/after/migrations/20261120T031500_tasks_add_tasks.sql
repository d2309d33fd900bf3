-- revision: tasks
-- parents: projects
-- message: add tasks
-- created: 2026-11-20T03:15:00Z

-- migrate: up
CREATE TABLE tasks (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE tasks;
