-- revision: 050317156075
-- parents: 040278dde6c4
-- message: add 050317156075
-- created: 2026-11-20T04:15:00Z

-- migrate: up
CREATE TABLE t4 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t4;
