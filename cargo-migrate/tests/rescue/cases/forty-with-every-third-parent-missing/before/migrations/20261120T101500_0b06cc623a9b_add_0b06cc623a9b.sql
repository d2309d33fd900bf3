-- revision: 0b06cc623a9b
-- parents: 0a062e2ac0ea
-- message: add 0b06cc623a9b
-- created: 2026-11-20T10:15:00Z

-- migrate: up
CREATE TABLE t10 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t10;
