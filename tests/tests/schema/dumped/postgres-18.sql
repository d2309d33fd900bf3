-- ## names of NOT NULL
CREATE TABLE t (a int CONSTRAINT x NOT NULL NO INHERIT, b int); ALTER TABLE t ADD CONSTRAINT y NOT NULL b NOT VALID; COMMENT ON CONSTRAINT x ON t IS 'z';
-- ## virtual columns
CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a + 1) VIRTUAL);
-- ## constraints that are not enforced
CREATE TABLE t (a int PRIMARY KEY, b int CONSTRAINT c CHECK (b > 0) NOT ENFORCED, c int CONSTRAINT f REFERENCES t NOT ENFORCED);
-- ## keys over time
CREATE TABLE t (a int4range, at tsrange, CONSTRAINT k PRIMARY KEY (a, at WITHOUT OVERLAPS)); CREATE TABLE u (a int4range, at tsrange, CONSTRAINT f FOREIGN KEY (a, PERIOD at) REFERENCES t (a, PERIOD at));
-- ## generated columns that are published
CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a + 1) STORED); CREATE PUBLICATION p FOR TABLE t WITH (publish_generated_columns = stored);
-- ## collations of the server's own
CREATE COLLATION co (provider = builtin, locale = 'C.UTF-8');
-- ## default access of a partitioned table
CREATE TABLE p (a int) PARTITION BY LIST (a) USING heap; CREATE TABLE p1 PARTITION OF p DEFAULT;
