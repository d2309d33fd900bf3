-- before
CREATE TABLE par (a int CONSTRAINT a_there NOT NULL NO INHERIT, b int NOT NULL NO INHERIT, c int NOT NULL, d int);
CREATE TABLE kid (x int) INHERITS (par);
CREATE TABLE alone (a int NOT NULL NO INHERIT, b int NOT NULL, c int);
-- after
CREATE TABLE par (a int CONSTRAINT a_there NOT NULL NO INHERIT, b int, c int NOT NULL, d int NOT NULL NO INHERIT);
CREATE TABLE kid (x int) INHERITS (par);
CREATE TABLE alone (a int NOT NULL, b int NOT NULL NO INHERIT, c int CONSTRAINT c_there NOT NULL NO INHERIT);
