-- revision: 110a81af14c1
-- parents: 1009e3779b10
-- message: add 110a81af14c1
-- created: 2026-11-20T16:15:00Z

-- migrate: up
CREATE TABLE t16 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t16;
