-- revision: items
-- parents: none
-- message: add items
-- created: 2026-11-20T01:15:00Z

-- migrate: up
CREATE TABLE items (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE items;
