-- revision: a7d03c55e81f
-- parents: 5c1f0a7d42be
-- message: add ratings
-- created: 2026-11-21T16:30:00Z

-- migrate: up
CREATE TABLE ratings (
    book_id INTEGER PRIMARY KEY REFERENCES books (id) ON DELETE CASCADE,
    stars INTEGER NOT NULL CHECK (stars BETWEEN 1 AND 5)
);

-- migrate: down
DROP TABLE ratings;
