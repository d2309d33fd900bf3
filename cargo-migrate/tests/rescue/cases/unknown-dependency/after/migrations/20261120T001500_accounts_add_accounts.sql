-- revision: accounts
-- parents: none
-- message: add accounts
-- created: 2026-11-20T00:15:00Z

-- migrate: up
CREATE TABLE accounts (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE accounts;
