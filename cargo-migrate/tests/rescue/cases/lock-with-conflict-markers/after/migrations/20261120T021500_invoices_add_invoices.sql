-- revision: invoices
-- parents: users
-- message: add invoices
-- created: 2026-11-20T02:15:00Z

-- migrate: up
CREATE TABLE invoices (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE invoices;
