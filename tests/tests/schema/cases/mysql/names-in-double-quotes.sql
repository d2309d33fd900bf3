-- before
SET sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES');
CREATE TABLE people (id int PRIMARY KEY, first varchar(20), last varchar(20), full_name varchar(50));
CREATE TRIGGER people_name BEFORE INSERT ON people FOR EACH ROW SET NEW."full_name" = CONCAT(NEW.first, ' ', NEW.last);
CREATE FUNCTION "named"(a varchar(20)) RETURNS varchar(50) DETERMINISTIC RETURN (SELECT "full_name" FROM "people" WHERE "first" = a);
-- after
SET sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES');
CREATE TABLE people (id int PRIMARY KEY, first varchar(20), last varchar(20), full_name varchar(60));
CREATE TRIGGER people_name BEFORE INSERT ON people FOR EACH ROW SET NEW."full_name" = CONCAT(NEW.first, '  ', NEW.last);
CREATE FUNCTION "named"(a varchar(20)) RETURNS varchar(50) DETERMINISTIC RETURN (SELECT "full_name" FROM "people" WHERE "first" = a);
-- rows
INSERT INTO people (id, first, last) VALUES (1, 'Ada', 'L');
-- same
SELECT named('Ada')
