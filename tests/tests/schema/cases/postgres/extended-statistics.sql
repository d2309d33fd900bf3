-- before
CREATE TABLE t (a int, b int, c int GENERATED ALWAYS AS (a + 1) STORED, d int);
CREATE STATISTICS together (dependencies, ndistinct) ON a, b FROM t;
CREATE STATISTICS "Of expression" ON (a + b), b FROM t;
CREATE STATISTICS of_computed ON b, c FROM t;
CREATE STATISTICS goes ON b, d FROM t;
COMMENT ON STATISTICS together IS 'they go together';
-- after
CREATE TABLE t (a bigint, b int, c int GENERATED ALWAYS AS (a + 2) STORED);
CREATE STATISTICS together (dependencies) ON a, b FROM t;
CREATE STATISTICS "Of expression" ON (a + b), b FROM t;
CREATE STATISTICS of_computed ON b, c FROM t;
