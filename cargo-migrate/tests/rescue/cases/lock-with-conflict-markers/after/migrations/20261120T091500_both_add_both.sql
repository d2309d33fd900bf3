-- revision: both
-- parents: invoices, orders
-- message: add both
-- created: 2026-11-20T09:15:00Z

-- migrate: up
CREATE TABLE both (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE both;
