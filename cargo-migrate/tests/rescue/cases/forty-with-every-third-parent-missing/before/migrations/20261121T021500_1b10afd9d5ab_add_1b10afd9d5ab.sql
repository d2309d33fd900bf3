-- revision: 1b10afd9d5ab
-- parents: 0000deadbeef
-- message: add 1b10afd9d5ab
-- created: 2026-11-21T02:15:00Z

-- migrate: up
CREATE TABLE t26 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t26;
