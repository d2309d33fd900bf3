-- revision: items
-- parents: orders
-- message: add items
-- created: 2026-11-20T04:15:00Z

-- migrate: up
CREATE TABLE items (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE items;
