-- revision: 1b10afd9d5ab
-- parents: 1a1011a25bfa
-- message: add 1b10afd9d5ab
-- created: 2026-11-21T02:15:00Z

-- migrate: up
CREATE TABLE t26 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t26;
