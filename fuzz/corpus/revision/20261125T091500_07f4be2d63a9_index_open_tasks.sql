-- revision: 07f4be2d63a9
-- parents: d58c92e4016f
-- message: index open tasks
-- created: 2026-11-25T09:15:00Z

-- migrate: up
CREATE INDEX tasks_open ON tasks (done, title);

-- migrate: down sqlite
DROP INDEX tasks_open;

-- migrate: down mysql
DROP INDEX tasks_open ON tasks;
