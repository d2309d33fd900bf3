-- revision: labels
-- parents: none
-- message: add labels
-- created: 2026-11-20T05:15:00Z

-- migrate: up
CREATE TABLE labels (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE labels;
