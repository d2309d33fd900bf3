-- before
CREATE TYPE addr AS (street text, zip varchar(5));
CREATE TYPE other AS (a int, b int, c int);
CREATE TABLE o (id int PRIMARY KEY, a addr, hist addr[], x other);
-- after
CREATE TYPE addr AS (street text, zip varchar(9), city text);
CREATE TYPE other AS (a int, c int, d int);
CREATE TABLE o (id int PRIMARY KEY, a addr, hist addr[], x other);
-- rows
INSERT INTO o VALUES (1, ROW('s', '123'), ARRAY[ROW('h', '9')::addr], ROW(1, 2, 3));
-- same
SELECT (a).street, (a).zip, (hist[1]).street, (hist[1]).zip, (x).a::text, (x).c::text FROM o
