-- before
CREATE TABLE t (rowid TEXT, oid TEXT, n INTEGER CHECK (n > 0));
CREATE TABLE no_key (n INTEGER NOT NULL);
-- after
CREATE TABLE t (rowid TEXT, oid TEXT, n INTEGER CHECK (n > 1));
CREATE TABLE no_key (n INTEGER);
-- rows
INSERT INTO t (_rowid_, rowid, oid, n) VALUES (7, 'a', 'b', 2), (3, 'c', 'd', 3);
INSERT INTO no_key (rowid, n) VALUES (9, 1), (4, 2);
-- same
SELECT CAST(_rowid_ AS TEXT), rowid, oid FROM t ORDER BY 1
SELECT CAST(rowid AS TEXT), CAST(n AS TEXT) FROM no_key ORDER BY 1
