-- revision: audits
-- parents: none
-- message: add audits

-- migrate: up
CREATE TABLE audits (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE audits;
