-- revision: invoices
-- parents: none
-- message: add invoices
-- created: 2026-11-20T08:15:00Z

-- migrate: up
CREATE TABLE invoices (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE invoices;
