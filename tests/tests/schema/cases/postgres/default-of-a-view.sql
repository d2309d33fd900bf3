-- before
CREATE TABLE m (id int PRIMARY KEY, n int, k text, j text);
CREATE VIEW v AS SELECT id, n, k, j FROM m;
ALTER VIEW v ALTER COLUMN k SET DEFAULT 'from view';
CREATE VIEW w AS SELECT id, k FROM m;
ALTER VIEW w ALTER COLUMN k SET DEFAULT 'one';
-- after
CREATE TABLE m (id int PRIMARY KEY, n bigint, k text, j text);
CREATE VIEW v AS SELECT id, n, k, j FROM m;
ALTER VIEW v ALTER COLUMN k SET DEFAULT 'from view';
ALTER VIEW v ALTER COLUMN j SET DEFAULT 'more';
CREATE VIEW w AS SELECT id, k FROM m;
-- rows
INSERT INTO v (id, n) VALUES (1, 1);
-- same
SELECT id::text, k FROM m
