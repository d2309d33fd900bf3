-- revision: 0f094540215f
-- parents: 0000deadbeef
-- message: add 0f094540215f
-- created: 2026-11-20T14:15:00Z

-- migrate: up
CREATE TABLE t14 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t14;
