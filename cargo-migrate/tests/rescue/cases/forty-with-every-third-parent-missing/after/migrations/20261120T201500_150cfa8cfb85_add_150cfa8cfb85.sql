-- revision: 150cfa8cfb85
-- parents: 140c5c5581d4
-- message: add 150cfa8cfb85
-- created: 2026-11-20T20:15:00Z

-- migrate: up
CREATE TABLE t20 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t20;
