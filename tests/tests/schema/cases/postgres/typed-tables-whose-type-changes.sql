-- before
CREATE TYPE ct AS (a int, b text);
CREATE TYPE st AS (x int);
CREATE TABLE t OF ct (PRIMARY KEY (a));
CREATE TABLE s OF st;
CREATE TABLE enters (x int);
CREATE TABLE leaves OF st;
-- after
CREATE TYPE ct AS (a bigint, b text, c int);
CREATE TYPE st AS (x int, y int);
CREATE TABLE t OF ct (PRIMARY KEY (a));
CREATE TABLE s OF st;
CREATE TABLE enters OF st;
CREATE TABLE leaves (x int);
-- rows
INSERT INTO t VALUES (1, 'x');
INSERT INTO s VALUES (2);
-- same
SELECT a, b FROM t
SELECT x FROM s
