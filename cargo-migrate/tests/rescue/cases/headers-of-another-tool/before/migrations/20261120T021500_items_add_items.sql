-- revision: items
-- down_revision: 'orders'
-- message: add items
-- created: 2026-11-20 02:15:00
-- author: jo

-- migrate: up
CREATE TABLE items (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE items;
