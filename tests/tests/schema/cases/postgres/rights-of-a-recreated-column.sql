-- before
CREATE TABLE t (id int, note text, doubled int GENERATED ALWAYS AS (id * 2) STORED);
GRANT SELECT (doubled, note) ON t TO migrate_view_reader;
GRANT UPDATE (id) ON t TO migrate_view_reader;
-- after
CREATE TABLE t (id int, note text, doubled int GENERATED ALWAYS AS (id * 3) STORED);
GRANT SELECT (doubled, note) ON t TO migrate_view_reader;
GRANT UPDATE (id) ON t TO migrate_view_reader;
