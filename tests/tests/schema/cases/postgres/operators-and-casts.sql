-- before
CREATE TYPE money2 AS (units int, sign text);
CREATE FUNCTION same(money2, money2) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT $1.units = $2.units $$;
CREATE FUNCTION differs(money2, money2) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT $1.units <> $2.units $$;
CREATE FUNCTION negated(money2) RETURNS money2 LANGUAGE sql IMMUTABLE AS $$ SELECT ROW(-$1.units, $1.sign)::money2 $$;
CREATE OPERATOR === (FUNCTION = same, LEFTARG = money2, RIGHTARG = money2, COMMUTATOR = ===, NEGATOR = !==, RESTRICT = eqsel, JOIN = eqjoinsel);
CREATE OPERATOR !== (FUNCTION = differs, LEFTARG = money2, RIGHTARG = money2, NEGATOR = ===);
CREATE OPERATOR ~~~ (FUNCTION = negated, RIGHTARG = money2);
COMMENT ON OPERATOR === (money2, money2) IS 'of one value';
CREATE FUNCTION units(money2) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT $1.units $$;
CREATE CAST (money2 AS int) WITH FUNCTION units(money2) AS ASSIGNMENT;
COMMENT ON CAST (money2 AS int) IS 'its units';
CREATE TABLE t (a money2, b money2, CONSTRAINT one CHECK (a === b));
CREATE VIEW v AS SELECT a FROM t WHERE a === b AND (b::int) > 1;
-- after
CREATE TYPE money2 AS (units int, sign text);
CREATE FUNCTION same(money2, money2) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT $1.units = $2.units $$;
CREATE FUNCTION negated(money2) RETURNS money2 LANGUAGE sql IMMUTABLE AS $$ SELECT ROW(-$1.units, $1.sign)::money2 $$;
CREATE OPERATOR === (FUNCTION = same, LEFTARG = money2, RIGHTARG = money2);
CREATE OPERATOR ~~~ (FUNCTION = negated, RIGHTARG = money2);
COMMENT ON OPERATOR ~~~ (NONE, money2) IS 'minus';
CREATE FUNCTION units(money2) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT $1.units $$;
CREATE CAST (money2 AS int) WITH FUNCTION units(money2);
CREATE TABLE t (a money2, b money2, CONSTRAINT one CHECK (a === b));
CREATE VIEW v AS SELECT a FROM t WHERE a === b AND (b::int) > 1;
-- rows
INSERT INTO t VALUES ((2, 'x'), (2, 'x'));
-- same
SELECT a::text, b::text FROM t
SELECT a::text FROM v
