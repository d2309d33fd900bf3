-- before
CREATE FUNCTION base_fn(v int) RETURNS text LANGUAGE sql IMMUTABLE RETURN 'a' || v::text;
CREATE FUNCTION up(v int) RETURNS text LANGUAGE sql IMMUTABLE RETURN upper(base_fn(v));
CREATE FUNCTION upper_still(v int) RETURNS text LANGUAGE sql IMMUTABLE RETURN up(v);
-- after
CREATE FUNCTION base_fn(v bigint) RETURNS text LANGUAGE sql IMMUTABLE RETURN 'a' || v::text;
CREATE FUNCTION up(v int) RETURNS text LANGUAGE sql IMMUTABLE RETURN upper(base_fn(v));
CREATE FUNCTION upper_still(v int) RETURNS text LANGUAGE sql IMMUTABLE RETURN up(v);
