-- revision: receipts
-- parents: emails
-- message: add receipts
-- created: 2026-11-20T01:15:00Z

-- migrate: up
CREATE TABLE receipts (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE receipts;
