-- before
CREATE VIEW v AS SELECT 1 AS id, 'x'::text AS note;
GRANT SELECT ON v TO migrate_view_reader;
GRANT UPDATE (note) ON v TO migrate_view_reader;
-- after
CREATE TABLE v (id int, note text);
GRANT SELECT ON v TO migrate_view_reader;
GRANT UPDATE (note) ON v TO migrate_view_reader;
