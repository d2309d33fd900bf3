-- before
CREATE TYPE ct AS (a int, b text);
CREATE DOMAIN dct AS ct CHECK ((VALUE).a > 0);
CREATE TABLE u (d dct, e dct[]);
-- after
CREATE TYPE ct AS (c int, a bigint, b text);
CREATE DOMAIN dct AS ct CHECK ((VALUE).a > 0);
CREATE TABLE u (d dct, e dct[]);
-- rows
INSERT INTO u VALUES (ROW(1, 'x'), ARRAY[ROW(2, 'y')::ct::dct]);
-- same
SELECT (d).a, (d).b, (e[1]).b FROM u
