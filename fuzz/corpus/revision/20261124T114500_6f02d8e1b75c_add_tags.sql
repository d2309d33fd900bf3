-- revision: 6f02d8e1b75c
-- parents: 1d7e5b20c9a4
-- message: add tags
-- created: 2026-11-24T11:45:00Z

-- migrate: up
ALTER TABLE notes ADD COLUMN tag TEXT NOT NULL DEFAULT '';
CREATE INDEX notes_tag ON notes (tag);

-- migrate: down
DROP INDEX notes_tag;
ALTER TABLE notes DROP COLUMN tag;
