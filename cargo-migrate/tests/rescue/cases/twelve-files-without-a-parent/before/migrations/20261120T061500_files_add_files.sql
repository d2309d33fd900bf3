-- revision: files
-- parents: none
-- message: add files
-- created: 2026-11-20T06:15:00Z

-- migrate: up
CREATE TABLE files (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE files;
