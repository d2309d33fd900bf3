-- revision: 2818b8ab03a8
-- parents: 27181a7389f7
-- message: add 2818b8ab03a8
-- created: 2026-11-21T15:15:00Z

-- migrate: up
CREATE TABLE t39 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t39;
