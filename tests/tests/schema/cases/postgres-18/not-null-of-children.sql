-- before
CREATE TABLE par (a int CONSTRAINT a_there NOT NULL, b int NOT NULL, c int, d int NOT NULL);
CREATE TABLE kid (a int, b int NOT NULL, c int CONSTRAINT c_of_kid NOT NULL, x int) INHERITS (par);
CREATE TABLE only_kid () INHERITS (par);
CREATE TABLE own_kid (CONSTRAINT own_c NOT NULL c) INHERITS (par);
CREATE TABLE whole (id int CONSTRAINT id_there NOT NULL, k int NOT NULL, v int) PARTITION BY LIST (k);
CREATE TABLE one PARTITION OF whole (v CONSTRAINT v_of_one NOT NULL) FOR VALUES IN (1);
CREATE TABLE two (id int CONSTRAINT id_of_two NOT NULL, k int NOT NULL, v int NOT NULL);
ALTER TABLE whole ATTACH PARTITION two FOR VALUES IN (2);
-- after
CREATE TABLE par (a int CONSTRAINT a_there NOT NULL, b int NOT NULL, c int NOT NULL, d int NOT NULL);
CREATE TABLE kid (a int, b int NOT NULL, c int CONSTRAINT c_of_kid NOT NULL, x int NOT NULL) INHERITS (par);
CREATE TABLE only_kid () INHERITS (par);
CREATE TABLE own_kid (CONSTRAINT own_c NOT NULL c) INHERITS (par);
CREATE TABLE whole (id int CONSTRAINT id_there NOT NULL, k int NOT NULL, v int) PARTITION BY LIST (k);
CREATE TABLE one PARTITION OF whole (v CONSTRAINT v_of_1 NOT NULL) FOR VALUES IN (1);
CREATE TABLE two (id int CONSTRAINT id_of_two NOT NULL, k int NOT NULL, v int);
ALTER TABLE whole ATTACH PARTITION two FOR VALUES IN (2);
