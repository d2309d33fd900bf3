-- revision: audits
-- parents: refunds
-- message: add audits
-- created: 2026-11-20T11:15:00Z

-- migrate: up
CREATE TABLE audits (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE audits;
