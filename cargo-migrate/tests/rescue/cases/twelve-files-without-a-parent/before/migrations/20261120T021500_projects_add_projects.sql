-- revision: projects
-- parents: none
-- message: add projects
-- created: 2026-11-20T02:15:00Z

-- migrate: up
CREATE TABLE projects (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE projects;
