-- revision: 0c076a99b44c
-- parents: 0000deadbeef
-- message: add 0c076a99b44c
-- created: 2026-11-20T11:15:00Z

-- migrate: up
CREATE TABLE t11 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t11;
