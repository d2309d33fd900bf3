-- before
CREATE TABLE named (id INTEGER PRIMARY KEY, a TEXT);
CREATE TABLE without (id TEXT PRIMARY KEY, a TEXT) WITHOUT ROWID;
CREATE TABLE gets (a TEXT);
-- after
CREATE TABLE named (id INTEGER, a TEXT);
CREATE TABLE without (id TEXT PRIMARY KEY, a TEXT);
CREATE TABLE gets (id INTEGER PRIMARY KEY, a TEXT);
-- rows
INSERT INTO named VALUES (5, 'x'), (2, 'y');
INSERT INTO without VALUES ('k', 'v');
INSERT INTO gets (rowid, a) VALUES (8, 'p'), (6, 'q');
-- same
SELECT CAST(rowid AS TEXT), CAST(id AS TEXT), a FROM named ORDER BY 1
SELECT id, a FROM without
SELECT CAST(rowid AS TEXT), a FROM gets ORDER BY 1
