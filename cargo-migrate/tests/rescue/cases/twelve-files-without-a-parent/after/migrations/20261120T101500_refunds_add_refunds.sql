-- revision: refunds
-- parents: payments
-- message: add refunds
-- created: 2026-11-20T10:15:00Z

-- migrate: up
CREATE TABLE refunds (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE refunds;
