-- revision: 0a062e2ac0ea
-- parents: 09058ff34739
-- message: add 0a062e2ac0ea
-- created: 2026-11-20T09:15:00Z

-- migrate: up
CREATE TABLE t9 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t9;
