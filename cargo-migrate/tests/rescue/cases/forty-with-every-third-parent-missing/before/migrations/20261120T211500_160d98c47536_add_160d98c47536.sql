-- revision: 160d98c47536
-- parents: 150cfa8cfb85
-- message: add 160d98c47536
-- created: 2026-11-20T21:15:00Z

-- migrate: up
CREATE TABLE t21 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t21;
