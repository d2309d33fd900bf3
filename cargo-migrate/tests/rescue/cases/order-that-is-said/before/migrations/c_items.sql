-- revision: items
-- parents: orders
-- message: add items

-- migrate: up
CREATE TABLE items (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE items;
