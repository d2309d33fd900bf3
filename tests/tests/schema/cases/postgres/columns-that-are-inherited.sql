-- before
CREATE TABLE note (id int, body text, gone text, CHECK (id > 0));
CREATE TABLE order_note (order_id int) INHERITS (note);
CREATE TABLE own_note (body text, order_id int) INHERITS (note);
CREATE TABLE plain (id int, body text, gone text);
-- after
CREATE TABLE note (id int, body text, added int, CHECK (id > 1));
CREATE TABLE order_note (order_id int) INHERITS (note);
CREATE TABLE own_note (body text, order_id int) INHERITS (note);
CREATE TABLE plain (id int, body text, gone text);
-- rows
INSERT INTO order_note VALUES (2, 'b', NULL, 3);
-- same
SELECT id::text, body, order_id::text FROM order_note
