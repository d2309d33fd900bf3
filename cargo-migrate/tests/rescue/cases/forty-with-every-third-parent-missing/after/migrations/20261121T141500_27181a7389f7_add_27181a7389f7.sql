-- revision: 27181a7389f7
-- parents: 26177c3c1046
-- message: add 27181a7389f7
-- created: 2026-11-21T14:15:00Z

-- migrate: up
CREATE TABLE t38 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t38;
