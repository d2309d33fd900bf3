-- revision: orders
-- parents: orders
-- message: add refunds
-- created: 2026-11-20T05:15:00Z

-- migrate: up
CREATE TABLE refunds (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE refunds;
