-- before
CREATE FUNCTION ok(v text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT v <> '' $$;
CREATE DOMAIN word AS text CONSTRAINT word_check CHECK (ok(VALUE));
CREATE FUNCTION diff_of(a time, b time) RETURNS float8 LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT 1::float8 $$;
CREATE TYPE span AS RANGE (SUBTYPE = time, SUBTYPE_DIFF = diff_of);
CREATE TABLE t (w word, s span);
-- after
CREATE FUNCTION ok(v text, n int DEFAULT 1) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT v <> 'x' $$;
CREATE DOMAIN word AS text CONSTRAINT word_check CHECK (ok(VALUE));
CREATE FUNCTION diff_of(x time, y time) RETURNS float8 LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT 2::float8 $$;
CREATE TYPE span AS RANGE (SUBTYPE = time, SUBTYPE_DIFF = diff_of);
CREATE TABLE t (w word, s span);
-- rows
INSERT INTO t VALUES ('a', '[10:00,11:00)');
-- same
SELECT w::text, s::text FROM t
