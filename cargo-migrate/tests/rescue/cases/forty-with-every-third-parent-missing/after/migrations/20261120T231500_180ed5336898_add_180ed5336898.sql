-- revision: 180ed5336898
-- parents: 170e36fbeee7
-- message: add 180ed5336898
-- created: 2026-11-20T23:15:00Z

-- migrate: up
CREATE TABLE t23 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t23;
