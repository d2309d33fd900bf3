-- revision: 120b1fe68e72
-- parents: 0000deadbeef
-- message: add 120b1fe68e72
-- created: 2026-11-20T17:15:00Z

-- migrate: up
CREATE TABLE t17 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t17;
