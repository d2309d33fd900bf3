-- revision: 5c1f0a7d42be
-- parents: none
-- message: create books
-- created: 2026-11-20T09:00:00Z

-- migrate: up
CREATE TABLE books (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    finished_on TEXT
);
INSERT INTO books (title) VALUES ('A Wizard of Earthsea');

-- migrate: down
DROP TABLE books;
