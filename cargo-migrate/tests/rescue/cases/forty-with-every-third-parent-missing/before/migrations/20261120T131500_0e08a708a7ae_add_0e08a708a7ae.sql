-- revision: 0e08a708a7ae
-- parents: 0d0808d12dfd
-- message: add 0e08a708a7ae
-- created: 2026-11-20T13:15:00Z

-- migrate: up
CREATE TABLE t13 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t13;
