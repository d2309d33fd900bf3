-- revision: 1c114e114f5c
-- parents: 1b10afd9d5ab
-- message: add 1c114e114f5c
-- created: 2026-11-21T03:15:00Z

-- migrate: up
CREATE TABLE t27 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t27;
