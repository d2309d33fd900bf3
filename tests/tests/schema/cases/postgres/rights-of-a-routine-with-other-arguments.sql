-- before
CREATE FUNCTION secret(a int) RETURNS text LANGUAGE sql SECURITY DEFINER AS $$ SELECT current_user::text $$;
REVOKE ALL ON FUNCTION secret(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION secret(int) TO migrate_view_reader;
CREATE PROCEDURE pr(a int) LANGUAGE sql AS $$ SELECT 1 $$;
REVOKE ALL ON PROCEDURE pr(int) FROM PUBLIC;
-- after
CREATE FUNCTION secret(a int, b int DEFAULT 0) RETURNS text LANGUAGE sql SECURITY DEFINER AS $$ SELECT current_user::text $$;
REVOKE ALL ON FUNCTION secret(int, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION secret(int, int) TO migrate_view_reader;
CREATE PROCEDURE pr(a bigint) LANGUAGE sql AS $$ SELECT 1 $$;
REVOKE ALL ON PROCEDURE pr(bigint) FROM PUBLIC;
