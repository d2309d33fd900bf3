-- before
CREATE TABLE base (id int PRIMARY KEY);
-- after
CREATE TABLE base (id int PRIMARY KEY);
CREATE TABLE people (first text, last text);
CREATE FUNCTION full_name(p people) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT p.first || p.last $$;
CREATE INDEX by_full_name ON people (full_name(people));
