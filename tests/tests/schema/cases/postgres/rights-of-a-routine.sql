-- before
CREATE TYPE lvl AS ENUM ('a', 'b');
CREATE TABLE secret (id int PRIMARY KEY, l lvl);
CREATE FUNCTION peek(x lvl) RETURNS SETOF secret LANGUAGE sql SECURITY DEFINER AS $$ SELECT * FROM secret WHERE l = x $$;
CREATE PROCEDURE act(x lvl) LANGUAGE sql AS $$ SELECT 1 $$;
CREATE VIEW sv AS SELECT id FROM secret WHERE l = 'a';
REVOKE EXECUTE ON FUNCTION peek(lvl) FROM PUBLIC;
REVOKE EXECUTE ON PROCEDURE act(lvl) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION peek(lvl) TO migrate_view_reader WITH GRANT OPTION;
GRANT SELECT ON sv TO migrate_view_reader;
REVOKE USAGE ON TYPE lvl FROM PUBLIC;
GRANT USAGE ON TYPE lvl TO migrate_view_reader;
ALTER FUNCTION peek(lvl) OWNER TO "migrate view owner";
ALTER PROCEDURE act(lvl) OWNER TO "migrate view owner";
ALTER TYPE lvl OWNER TO "migrate view owner";
-- after
CREATE TYPE lvl AS ENUM ('b', 'a', 'c');
CREATE TABLE secret (id int PRIMARY KEY, l lvl);
CREATE FUNCTION peek(x lvl) RETURNS SETOF secret LANGUAGE sql SECURITY DEFINER AS $$ SELECT * FROM secret WHERE l = x $$;
CREATE PROCEDURE act(x lvl) LANGUAGE sql AS $$ SELECT 1 $$;
CREATE VIEW sv AS SELECT id FROM secret WHERE l = 'a';
REVOKE EXECUTE ON FUNCTION peek(lvl) FROM PUBLIC;
REVOKE EXECUTE ON PROCEDURE act(lvl) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION peek(lvl) TO migrate_view_reader WITH GRANT OPTION;
GRANT SELECT ON sv TO migrate_view_reader;
REVOKE USAGE ON TYPE lvl FROM PUBLIC;
GRANT USAGE ON TYPE lvl TO migrate_view_reader;
ALTER FUNCTION peek(lvl) OWNER TO "migrate view owner";
ALTER PROCEDURE act(lvl) OWNER TO "migrate view owner";
ALTER TYPE lvl OWNER TO "migrate view owner";
-- rows
INSERT INTO secret VALUES (1, 'a');
-- same
SELECT id::text, l::text FROM secret
