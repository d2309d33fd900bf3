-- before
CREATE TABLE a (id serial PRIMARY KEY, n int GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME "Own" START 5), k serial);
ALTER SEQUENCE a_id_seq RENAME TO "b_id%seq";
CREATE TABLE b (id serial PRIMARY KEY);
ALTER SEQUENCE b_id_seq RENAME TO a_id_seq;
-- after
CREATE TABLE a (id serial PRIMARY KEY, n int GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME "Own" START 5), k serial, x int);
ALTER SEQUENCE a_id_seq RENAME TO "b_id%seq";
CREATE TABLE b (id serial PRIMARY KEY);
ALTER SEQUENCE b_id_seq RENAME TO a_id_seq;
