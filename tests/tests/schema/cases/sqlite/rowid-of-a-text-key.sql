-- before
CREATE TABLE page (slug TEXT PRIMARY KEY, body TEXT NOT NULL, score TEXT NOT NULL DEFAULT 0);
CREATE TABLE extra (page_rowid INTEGER, name TEXT);
CREATE VIRTUAL TABLE page_fts USING fts5(body, content='page', content_rowid='rowid');
CREATE TRIGGER page_ai AFTER INSERT ON page BEGIN INSERT INTO page_fts(rowid, body) VALUES (new.rowid, new.body); END;
CREATE TRIGGER page_ad AFTER DELETE ON page BEGIN INSERT INTO page_fts(page_fts, rowid, body) VALUES ('delete', old.rowid, old.body); END;
-- after
CREATE TABLE page (slug TEXT PRIMARY KEY, body TEXT NOT NULL, score TEXT);
CREATE TABLE extra (page_rowid INTEGER, name TEXT);
CREATE VIRTUAL TABLE page_fts USING fts5(body, content='page', content_rowid='rowid');
CREATE TRIGGER page_ai AFTER INSERT ON page BEGIN INSERT INTO page_fts(rowid, body) VALUES (new.rowid, new.body); END;
CREATE TRIGGER page_ad AFTER DELETE ON page BEGIN INSERT INTO page_fts(page_fts, rowid, body) VALUES ('delete', old.rowid, old.body); END;
-- rows
INSERT INTO page (slug, body, score) VALUES ('a', 'apple pie', '1'), ('b', 'banana bread', '2'), ('c', 'cherry cake', '3');
INSERT INTO extra VALUES (3, 'of c');
DELETE FROM page WHERE slug = 'a';
-- same
SELECT CAST(rowid AS TEXT), slug, body FROM page ORDER BY rowid
SELECT CAST(rowid AS TEXT), body FROM page_fts WHERE page_fts MATCH 'cherry'
SELECT p.slug, e.name FROM extra e JOIN page p ON p.rowid = e.page_rowid
