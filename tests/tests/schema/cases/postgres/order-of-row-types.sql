-- before
CREATE TABLE base (id int PRIMARY KEY);
-- after
CREATE TABLE base (id int PRIMARY KEY);
CREATE TABLE z_address (street text);
CREATE TABLE a_person (id int, home z_address, former z_address[]);
CREATE VIEW short AS SELECT street FROM z_address;
CREATE FUNCTION street_of(s short) RETURNS text LANGUAGE sql AS $$ SELECT s.street $$;
CREATE TYPE pair AS (one short, two int);
CREATE TABLE b_pair (p pair, s short);
