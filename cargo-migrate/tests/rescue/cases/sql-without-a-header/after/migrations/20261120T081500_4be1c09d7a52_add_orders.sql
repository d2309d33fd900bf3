-- revision: 4be1c09d7a52
-- parents: users
-- migrate: up
CREATE TABLE orders (id INTEGER PRIMARY KEY);
