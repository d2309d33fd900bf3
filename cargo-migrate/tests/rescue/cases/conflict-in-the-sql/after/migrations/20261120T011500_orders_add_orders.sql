-- revision: orders
-- parents: users
-- message: add orders
-- created: 2026-11-20T01:15:00Z

-- migrate: up
<<<<<<< HEAD
CREATE TABLE orders (id INTEGER PRIMARY KEY);
=======
CREATE TABLE orders (id BIGINT PRIMARY KEY);
>>>>>>> feature

-- migrate: down
DROP TABLE orders;
