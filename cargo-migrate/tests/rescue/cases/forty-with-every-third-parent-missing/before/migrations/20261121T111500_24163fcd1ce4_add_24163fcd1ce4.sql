-- revision: 24163fcd1ce4
-- parents: 0000deadbeef
-- message: add 24163fcd1ce4
-- created: 2026-11-21T11:15:00Z

-- migrate: up
CREATE TABLE t35 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t35;
