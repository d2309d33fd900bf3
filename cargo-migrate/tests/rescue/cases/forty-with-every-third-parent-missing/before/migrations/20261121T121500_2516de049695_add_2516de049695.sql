-- revision: 2516de049695
-- parents: 24163fcd1ce4
-- message: add 2516de049695
-- created: 2026-11-21T12:15:00Z

-- migrate: up
CREATE TABLE t36 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t36;
