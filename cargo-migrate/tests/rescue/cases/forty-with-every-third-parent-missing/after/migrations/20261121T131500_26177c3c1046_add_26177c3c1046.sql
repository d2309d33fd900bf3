-- revision: 26177c3c1046
-- parents: 2516de049695
-- message: add 26177c3c1046
-- created: 2026-11-21T13:15:00Z

-- migrate: up
CREATE TABLE t37 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t37;
