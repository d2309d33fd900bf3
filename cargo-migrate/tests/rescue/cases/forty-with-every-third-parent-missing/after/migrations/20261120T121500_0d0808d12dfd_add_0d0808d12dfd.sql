-- revision: 0d0808d12dfd
-- parents: 0c076a99b44c
-- message: add 0d0808d12dfd
-- created: 2026-11-20T12:15:00Z

-- migrate: up
CREATE TABLE t12 (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE t12;
