-- before
CREATE FUNCTION diff_of(a time, b time) RETURNS float8 LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT 1::float8 $$;
CREATE TYPE span AS RANGE (SUBTYPE = time, SUBTYPE_DIFF = diff_of);
CREATE TABLE t (s span DEFAULT '[01:00,02:00)', all_of span[], m span_multirange, EXCLUDE USING gist (s WITH &&));
CREATE TABLE p (k int, s span) PARTITION BY LIST (k);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
CREATE INDEX by_span ON p USING gist (s);
CREATE VIEW v AS SELECT lower(s) AS a FROM t;
-- after
CREATE FUNCTION diff_of(x time, y time) RETURNS float8 LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT 2::float8 $$;
CREATE TYPE span AS RANGE (SUBTYPE = time, SUBTYPE_DIFF = diff_of);
CREATE TABLE t (s span DEFAULT '[01:00,02:00)', all_of span[], m span_multirange, EXCLUDE USING gist (s WITH &&));
CREATE TABLE p (k int, s span) PARTITION BY LIST (k);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
CREATE INDEX by_span ON p USING gist (s);
CREATE VIEW v AS SELECT lower(s) AS a FROM t;
-- rows
INSERT INTO t VALUES ('[10:00,11:00)', ARRAY['[10:00,11:00)'::span, 'empty'], '{[10:00,11:00),[12:00,13:00)}'); INSERT INTO p VALUES (1, '(,11:00)');
-- same
SELECT s::text, all_of::text, m::text FROM t
SELECT s::text FROM p
SELECT a::text FROM v
