-- revision: 1d11ec48c90d
-- parents: 1c114e114f5c
-- message: add 1d11ec48c90d
-- created: 2026-11-21T04:15:00Z

-- migrate: up
CREATE TABLE t28 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t28;
