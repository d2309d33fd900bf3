-- before
SET sql_mode = 'STRICT_TRANS_TABLES';
CREATE TABLE flags (id int PRIMARY KEY, a int, b int, e int);
CREATE FUNCTION either(a int, b int) RETURNS int DETERMINISTIC RETURN a || b;
CREATE TRIGGER first_of BEFORE INSERT ON flags FOR EACH ROW SET NEW.a = NEW.a;
CREATE TRIGGER then_e BEFORE INSERT ON flags FOR EACH ROW SET NEW.e = NEW.a || NEW.b;
SET sql_mode = 'PIPES_AS_CONCAT,NO_ENGINE_SUBSTITUTION';
CREATE PROCEDURE both_of(a int, b int) SELECT a || b;
CREATE FUNCTION joined(a int, b int) RETURNS varchar(20) DETERMINISTIC RETURN a || b;
INSERT INTO flags VALUES (1, 1, 0, 9);
-- after
SET sql_mode = 'STRICT_TRANS_TABLES';
CREATE TABLE flags (id int PRIMARY KEY, a int, b int, e bigint);
CREATE FUNCTION either(a int, b int) RETURNS int DETERMINISTIC RETURN a || b;
CREATE TRIGGER then_e BEFORE INSERT ON flags FOR EACH ROW SET NEW.e = NEW.a || NEW.b;
SET sql_mode = 'ONLY_FULL_GROUP_BY';
CREATE PROCEDURE both_of(a int, b int) SELECT a || b;
SET sql_mode = 'PIPES_AS_CONCAT,NO_ENGINE_SUBSTITUTION';
CREATE FUNCTION joined(a int, b int) RETURNS varchar(20) DETERMINISTIC RETURN a || b;
-- same
SELECT either(1, 0), joined(1, 0)
SELECT id, e FROM flags
