-- revision: orders
-- parents: none
-- message: add orders

-- migrate: up
CREATE TABLE orders (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE orders;
