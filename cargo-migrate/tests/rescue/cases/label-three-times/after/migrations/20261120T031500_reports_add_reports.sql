-- revision: reports
-- parents: users
-- labels: billing_2
-- message: add reports
-- created: 2026-11-20T03:15:00Z

-- migrate: up
CREATE TABLE reports (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE reports;
