-- revision: payments
-- parents: refunds
-- message: add payments
-- created: 2026-11-20T07:15:00Z

-- migrate: up
CREATE TABLE payments (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE payments;
