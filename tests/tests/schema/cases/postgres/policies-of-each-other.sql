-- before
CREATE TABLE base (id int PRIMARY KEY);
-- after
CREATE TABLE base (id int PRIMARY KEY);
CREATE TABLE members (id int PRIMARY KEY, org int);
CREATE TABLE orders (id int PRIMARY KEY, org int);
CREATE POLICY p1 ON members USING (org IN (SELECT org FROM orders));
CREATE POLICY p2 ON orders USING (org IN (SELECT org FROM members));
CREATE TABLE par (id int);
CREATE TABLE kid (more int) INHERITS (par);
CREATE POLICY p3 ON par USING (id IN (SELECT more FROM kid));
