-- before
CREATE TABLE ap (id int, s date, e date, PERIOD FOR pp (s, e), UNIQUE KEY k (id, pp WITHOUT OVERLAPS));
CREATE TABLE ap2 (id int, s date, e date, PERIOD FOR `odd p` (s, e), PRIMARY KEY (id, `odd p` WITHOUT OVERLAPS));
CREATE TABLE gone (id int, s date, e date, PERIOD FOR pp (s, e));
-- after
CREATE TABLE ap (id bigint, s date, e date, PERIOD FOR pp (s, e), UNIQUE KEY k (id, pp WITHOUT OVERLAPS), CHECK (id > 0));
CREATE TABLE ap2 (id int, s date, e date, v int, PERIOD FOR `odd p` (s, e), PRIMARY KEY (id, v, `odd p` WITHOUT OVERLAPS));
CREATE TABLE gone (id int, s date NOT NULL, e date NOT NULL);
-- rows
INSERT INTO ap VALUES (1, '2020-01-01', '2021-01-01');
-- same
SELECT id FROM ap
