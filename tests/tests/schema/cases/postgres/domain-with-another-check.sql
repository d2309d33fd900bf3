-- before
CREATE DOMAIN d AS text DEFAULT 'a' NOT NULL CONSTRAINT short CHECK (length(VALUE) < 9);
CREATE DOMAIN n AS int CONSTRAINT positive CHECK (VALUE > 0);
CREATE TABLE t (x d, y n, all_of n[]);
CREATE VIEW v AS SELECT x, y FROM t;
-- after
CREATE FUNCTION is_fine(v int) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT v > 5 $$;
CREATE DOMAIN d AS text DEFAULT 'b' CONSTRAINT short CHECK (length(VALUE) < 9);
CREATE DOMAIN n AS int NOT NULL CONSTRAINT positive CHECK (is_fine(VALUE));
COMMENT ON DOMAIN n IS 'numbers';
CREATE TABLE t (x d, y n, all_of n[]);
CREATE VIEW v AS SELECT x, y FROM t;
-- rows
INSERT INTO t VALUES ('q', 7, '{8}');
-- same
SELECT x::text, y::text, all_of::text FROM t
