-- before
CREATE TABLE t (id int, n int);
CREATE VIEW v AS SELECT id, n FROM t;
CREATE FUNCTION biggest() RETURNS int LANGUAGE sql STABLE BEGIN ATOMIC SELECT max(n) FROM v; END;
CREATE TABLE d (n int DEFAULT biggest());
-- after
CREATE TABLE t (id int, n bigint);
CREATE VIEW v AS SELECT id, n FROM t;
CREATE FUNCTION biggest() RETURNS bigint LANGUAGE sql STABLE BEGIN ATOMIC SELECT max(n) FROM v; END;
CREATE TABLE d (n int DEFAULT biggest());
CREATE TABLE e (n int DEFAULT biggest());
