-- revision: refunds
-- parents: orders
-- labels:
-- message: add refunds
-- created: 2026-11-20T02:15:00Z

-- migrate: up
CREATE TABLE refunds (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE refunds;
