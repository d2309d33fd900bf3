-- revision: payments
-- parents: 9715f73e7a31
-- message: add payments
-- created: 2026-11-20T07:15:00Z

-- migrate: up
CREATE TABLE payments (id INTEGER PRIMARY KEY, refund INTEGER REFERENCES refunds (id));

-- migrate: down
DROP TABLE payments;
