-- before
CREATE TABLE par (k int, v text DEFAULT 'par', n int NOT NULL, m int NOT NULL);
CREATE TABLE kid (v text DEFAULT 'kid') INHERITS (par);
CREATE TABLE kid2 (n int NOT NULL) INHERITS (par);
CREATE TABLE grandkid (extra text) INHERITS (kid);
-- after
CREATE TABLE par (k int, v text DEFAULT 'parent', n int, m int);
CREATE TABLE kid (v text DEFAULT 'kid') INHERITS (par);
CREATE TABLE kid2 (n int NOT NULL) INHERITS (par);
CREATE TABLE grandkid (extra text) INHERITS (kid);
-- rows
INSERT INTO kid (k, n, m) VALUES (1, 1, 1);
-- same
SELECT k::text, v FROM par
