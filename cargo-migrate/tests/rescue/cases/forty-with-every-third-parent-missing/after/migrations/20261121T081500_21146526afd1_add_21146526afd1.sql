-- revision: 21146526afd1
-- parents: 2013c6ef3620
-- message: add 21146526afd1
-- created: 2026-11-21T08:15:00Z

-- migrate: up
CREATE TABLE t32 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t32;
