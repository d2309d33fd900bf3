-- before
CREATE TYPE money_pair AS (net numeric, gross numeric);
CREATE TYPE bill AS (no int, sum money_pair);
CREATE TABLE o (id int PRIMARY KEY, m money_pair DEFAULT ROW(1, 2), all_of money_pair[], b bill);
-- after
CREATE TYPE money_pair AS (gross numeric, net numeric);
CREATE TYPE bill AS (no int, sum money_pair);
CREATE TABLE o (id int PRIMARY KEY, m money_pair DEFAULT ROW(1, 2), all_of money_pair[], b bill);
-- rows
INSERT INTO o VALUES (1, ROW(100, 120), ARRAY[ROW(1, 2)::money_pair, NULL, ROW(NULL, 3)::money_pair], ROW(7, ROW(5, 6))), (2, NULL, '{}', NULL), (3, ROW(NULL, NULL), NULL, ROW(NULL, NULL));
-- same
SELECT (m).net::text, (m).gross::text, (all_of[1]).net::text, (all_of[3]).gross::text, array_length(all_of, 1)::text, ((b).sum).net::text, (b).no::text, (m IS NULL)::text FROM o ORDER BY id
