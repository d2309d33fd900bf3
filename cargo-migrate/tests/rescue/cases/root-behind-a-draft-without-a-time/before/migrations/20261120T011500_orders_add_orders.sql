-- revision: orders
-- parents: users
-- message: add orders
-- created: 2026-11-20T01:15:00Z

-- migrate: up
CREATE TABLE orders (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE orders;
