-- revision: 1a1011a25bfa
-- parents: 190f736ae249
-- message: add 1a1011a25bfa
-- created: 2026-11-21T01:15:00Z

-- migrate: up
CREATE TABLE t25 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t25;
