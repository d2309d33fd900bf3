-- revision: 190f736ae249
-- parents: 180ed5336898
-- message: add 190f736ae249
-- created: 2026-11-21T00:15:00Z

-- migrate: up
CREATE TABLE t24 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t24;
