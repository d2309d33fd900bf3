-- revision: comments
-- parents: none
-- message: add comments
-- created: 2026-11-20T04:15:00Z

-- migrate: up
CREATE TABLE comments (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE comments;
