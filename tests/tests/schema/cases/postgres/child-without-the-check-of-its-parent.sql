-- before
CREATE TABLE par (k int, CONSTRAINT positive CHECK (k > 0));
CREATE TABLE kid (CONSTRAINT positive CHECK (k > 0)) INHERITS (par);
-- after
CREATE TABLE par (k int);
CREATE TABLE kid (CONSTRAINT positive CHECK (k > 0)) INHERITS (par);
