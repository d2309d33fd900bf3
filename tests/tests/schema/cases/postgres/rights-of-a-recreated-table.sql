-- before
CREATE TABLE t (id int, at date);
GRANT SELECT ON t TO migrate_view_reader;
GRANT UPDATE (at) ON t TO migrate_view_reader;
-- after
CREATE TABLE t (id int, at date) PARTITION BY RANGE (at);
GRANT SELECT ON t TO migrate_view_reader;
GRANT UPDATE (at) ON t TO migrate_view_reader;
