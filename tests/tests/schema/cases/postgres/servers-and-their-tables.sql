-- before
CREATE FOREIGN DATA WRAPPER elsewhere OPTIONS (a 'it''s');
CREATE SERVER there TYPE 'kind' VERSION '1' FOREIGN DATA WRAPPER elsewhere OPTIONS (host 'a, b', port '1', gone 'x');
COMMENT ON SERVER there IS 'over there';
CREATE SERVER second FOREIGN DATA WRAPPER elsewhere;
CREATE FOREIGN TABLE far (id int NOT NULL, t text) SERVER there OPTIONS (x 'y');
-- after
CREATE FOREIGN DATA WRAPPER elsewhere OPTIONS (a 'it''s');
CREATE SERVER there TYPE 'kind' VERSION '1' FOREIGN DATA WRAPPER elsewhere OPTIONS (host 'c', port '1', "New" 'z');
CREATE SERVER third FOREIGN DATA WRAPPER elsewhere;
CREATE FOREIGN TABLE far (id int NOT NULL, t text, u text) SERVER there OPTIONS (x 'y');
