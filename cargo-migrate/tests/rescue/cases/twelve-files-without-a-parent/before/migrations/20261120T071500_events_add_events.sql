-- revision: events
-- parents: none
-- message: add events
-- created: 2026-11-20T07:15:00Z

-- migrate: up
CREATE TABLE events (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE events;
