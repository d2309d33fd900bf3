-- revision: 9f3c1a2b77de
-- parents: none
-- message: add 9f3c1a2b77de
-- created: 2026-11-20T00:15:00Z

-- migrate: up
CREATE TABLE a (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE a;
