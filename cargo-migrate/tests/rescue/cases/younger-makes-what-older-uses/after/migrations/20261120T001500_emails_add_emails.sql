-- revision: emails
-- parents: names
-- message: add emails
-- created: 2026-11-20T00:15:00Z

-- migrate: up
ALTER TABLE "users" ADD COLUMN email TEXT;

-- migrate: down
ALTER TABLE "users" DROP COLUMN email;
