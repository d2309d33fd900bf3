-- before
CREATE TABLE base (id int PRIMARY KEY);
-- after
CREATE TABLE base (id int PRIMARY KEY);
CREATE FUNCTION time_diff(a time, b time) RETURNS float8 LANGUAGE sql STRICT IMMUTABLE AS $$ SELECT extract(epoch FROM (a - b))::float8 $$;
CREATE TYPE a_timerange AS RANGE (SUBTYPE = time, SUBTYPE_DIFF = time_diff);
CREATE TABLE shift (at a_timerange);
