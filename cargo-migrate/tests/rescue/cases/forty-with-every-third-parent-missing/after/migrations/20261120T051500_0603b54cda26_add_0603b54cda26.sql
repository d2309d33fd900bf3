-- revision: 0603b54cda26
-- parents: 050317156075
-- message: add 0603b54cda26
-- created: 2026-11-20T05:15:00Z

-- migrate: up
CREATE TABLE t5 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t5;
