-- before
CREATE TABLE t (id serial CONSTRAINT id_there NOT NULL, a int CONSTRAINT a_there NOT NULL, b int CONSTRAINT b_there NOT NULL, c int NOT NULL, d int, e int CONSTRAINT e_there NOT NULL, f bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT f_there NOT NULL, g int CONSTRAINT g_there NOT NULL, PRIMARY KEY (id));
COMMENT ON CONSTRAINT b_there ON t IS 'must be';
COMMENT ON CONSTRAINT g_there ON t IS 'goes';
COMMENT ON CONSTRAINT t_c_not_null ON t IS 'of the usual name';
CREATE TABLE a_table_with_a_long_name_so_that_its_constraints_are_cut (a_column_with_a_long_name int NOT NULL);
CREATE DOMAIN word AS text CONSTRAINT must_be NOT NULL;
COMMENT ON CONSTRAINT must_be ON DOMAIN word IS 'no null';
CREATE DOMAIN other AS text NOT NULL;
CREATE DOMAIN third AS text;
-- after
CREATE TABLE t (id serial CONSTRAINT t_id NOT NULL, a int NOT NULL, b bigint CONSTRAINT b_there NOT NULL, c int CONSTRAINT c_there NOT NULL, d int CONSTRAINT d_there NOT NULL, e int, f bigint GENERATED ALWAYS AS IDENTITY NOT NULL, g int CONSTRAINT g_is NOT NULL, h text CONSTRAINT h_there NOT NULL, PRIMARY KEY (id));
COMMENT ON CONSTRAINT b_there ON t IS 'must be more';
COMMENT ON CONSTRAINT d_there ON t IS 'comes';
CREATE TABLE a_table_with_a_long_name_so_that_its_constraints_are_cut (a_column_with_a_long_name int CONSTRAINT short NOT NULL);
CREATE DOMAIN word AS text NOT NULL;
CREATE DOMAIN other AS text CONSTRAINT must_be NOT NULL;
COMMENT ON CONSTRAINT must_be ON DOMAIN other IS 'no null';
CREATE DOMAIN third AS text CONSTRAINT is_there NOT NULL;
-- rows
INSERT INTO t (a, b, c, d, e, g) VALUES (1, 2, 3, 4, 5, 6);
-- same
SELECT id, a, b, c, d, f, g FROM t
