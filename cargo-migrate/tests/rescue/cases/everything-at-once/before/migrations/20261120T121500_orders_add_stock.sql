-- revision: orders
-- parents: items
-- message: add stock
-- created: 2026-11-20T12:15:00Z

-- migrate: up
CREATE TABLE stock (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE stock;
