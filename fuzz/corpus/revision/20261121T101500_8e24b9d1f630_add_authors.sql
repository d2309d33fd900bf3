-- revision: 8e24b9d1f630
-- parents: 5c1f0a7d42be
-- message: add authors
-- created: 2026-11-21T10:15:00Z

-- migrate: up
CREATE TABLE authors (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);
CREATE TABLE book_authors (
    book_id INTEGER NOT NULL REFERENCES books (id) ON DELETE CASCADE,
    author_id INTEGER NOT NULL REFERENCES authors (id),
    PRIMARY KEY (book_id, author_id)
);

-- migrate: down
DROP TABLE book_authors;
DROP TABLE authors;
