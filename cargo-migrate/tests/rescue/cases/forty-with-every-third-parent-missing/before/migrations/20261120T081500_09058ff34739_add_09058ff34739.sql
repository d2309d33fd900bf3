-- revision: 09058ff34739
-- parents: 0000deadbeef
-- message: add 09058ff34739
-- created: 2026-11-20T08:15:00Z

-- migrate: up
CREATE TABLE t8 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t8;
