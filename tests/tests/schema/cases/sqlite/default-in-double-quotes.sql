-- before
CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL DEFAULT "", b TEXT DEFAULT "new", c TEXT DEFAULT `tick`, d TEXT DEFAULT [br], e TEXT DEFAULT "it's", f TEXT DEFAULT "say ""hi""", g TEXT DEFAULT plain, n INTEGER);
-- after
CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL DEFAULT '', b TEXT DEFAULT "new", c TEXT DEFAULT `tick`, d TEXT DEFAULT [br], e TEXT DEFAULT "it's", f TEXT DEFAULT "say ""hi""", g TEXT DEFAULT plain, n INTEGER NOT NULL DEFAULT "1");
-- rows
INSERT INTO t (id, n) VALUES (1, 1);
-- same
SELECT a, b, c, d, e, f, g FROM t
