-- before
CREATE TABLE a (id int PRIMARY KEY, x int NOT NULL, odd text);
CREATE TABLE b (id int PRIMARY KEY, x int);
CREATE TABLE gone (id int PRIMARY KEY);
CREATE PUBLICATION shop FOR TABLE a (id, odd), TABLE b WHERE (id > 1), TABLE gone WITH (publish = 'insert, update');
COMMENT ON PUBLICATION shop IS 'of the shop';
CREATE PUBLICATION nothing;
CREATE PUBLICATION every FOR ALL TABLES WITH (publish_via_partition_root = true);
CREATE SCHEMA more;
CREATE PUBLICATION place FOR TABLES IN SCHEMA more;
-- after
CREATE TABLE a (id int PRIMARY KEY, x int NOT NULL);
CREATE TABLE b (id bigint PRIMARY KEY, x int);
CREATE TABLE c (id int PRIMARY KEY);
CREATE PUBLICATION shop FOR TABLE a (id), TABLE b WHERE (id > 1), TABLE c WITH (publish = 'insert, update');
COMMENT ON PUBLICATION shop IS 'of the shop';
CREATE PUBLICATION every FOR ALL TABLES;
CREATE SCHEMA more;
CREATE PUBLICATION place FOR TABLES IN SCHEMA more, TABLE a;
