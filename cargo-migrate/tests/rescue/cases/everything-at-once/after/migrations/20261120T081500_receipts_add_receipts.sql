-- revision: receipts
-- parents: payments
-- message: add receipts
-- created: 2026-11-20T08:15:00Z

-- migrate: up
CREATE TABLE receipts (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE receipts;
