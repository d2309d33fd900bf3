-- before
CREATE TABLE base (id int PRIMARY KEY);
-- after
CREATE TABLE base (id int PRIMARY KEY);
CREATE FUNCTION is_mail(v text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT v LIKE '%@%' $$;
CREATE FUNCTION fallback() RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'a@b' $$;
CREATE DOMAIN mail AS text DEFAULT fallback() CONSTRAINT mail_check CHECK (is_mail(VALUE));
CREATE FUNCTION of_mail(m mail) RETURNS text LANGUAGE sql AS $$ SELECT m $$;
CREATE TABLE z (m mail, n text DEFAULT of_mail('x@y'));
