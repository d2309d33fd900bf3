-- revision: names
-- parents: users
-- message: add names
-- created: 2026-11-20T03:15:00Z

-- migrate: up
ALTER TABLE users ADD COLUMN name TEXT;

-- migrate: down
ALTER TABLE users DROP COLUMN name;
