-- revision: audits
-- parents: none
-- message: add audits
-- created: 2026-11-20T04:15:00Z

-- migrate: up
INSERT INTO logs VALUES (1);

-- migrate: down
SELECT 1;
