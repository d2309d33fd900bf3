-- revision: 1d7e5b20c9a4
-- parents: none
-- message: create notes
-- created: 2026-11-20T09:00:00Z

-- migrate: up
CREATE TABLE notes (
    id INTEGER PRIMARY KEY,
    text TEXT NOT NULL
);

-- migrate: down
DROP TABLE notes;
