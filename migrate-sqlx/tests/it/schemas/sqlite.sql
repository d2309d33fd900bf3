-- A shop with a bit of everything that SQLite keeps of a schema.
CREATE TABLE users (
  id INTEGER PRIMARY KEY AUTOINCREMENT, -- the key, not a constraint: CHECK (x)
  email TEXT NOT NULL COLLATE NOCASE CONSTRAINT users_email_unique UNIQUE ON CONFLICT REPLACE,
  name varchar(80) NOT NULL ON CONFLICT IGNORE DEFAULT 'nobo''dy',
  score REAL DEFAULT -1.5e-3 CHECK (score > -2), /* , ) */
  born TEXT DEFAULT CURRENT_TIMESTAMP NULL,
  made TEXT DEFAULT (datetime('now', '(')),
  flag BOOLEAN DEFAULT TRUE,
  picture BLOB DEFAULT x'dead',
  both TEXT GENERATED ALWAYS AS (name || ' ' || email) STORED,
  half AS (score / 2),
  untyped,
  CONSTRAINT long_enough CHECK (length(name) > 1 AND name <> ')') ON CONFLICT FAIL,
  CHECK (score < 100)
);
CREATE TABLE roles (id INTEGER NOT NULL PRIMARY KEY, title TEXT UNIQUE);
CREATE TABLE user_roles (
  user_id INTEGER NOT NULL REFERENCES Users ON DELETE CASCADE ON UPDATE SET NULL,
  role_id INTEGER CONSTRAINT to_role REFERENCES roles (ID) ON DELETE SET DEFAULT DEFERRABLE INITIALLY DEFERRED,
  by INTEGER REFERENCES users(id) MATCH FULL ON DELETE RESTRICT NOT DEFERRABLE,
  PRIMARY KEY (user_id, role_id DESC)
) WITHOUT ROWID;
CREATE TABLE words (word TEXT PRIMARY KEY, n INT) STRICT;
CREATE TABLE both_options (word TEXT, n INT, CONSTRAINT pk PRIMARY KEY (word COLLATE NOCASE, n)) STRICT, WITHOUT ROWID;
CREATE TABLE descending (id INTEGER PRIMARY KEY DESC);
CREATE TABLE in_parts (
  a INT, b INT, c INT,
  UNIQUE (a, b) ON CONFLICT ROLLBACK
  CONSTRAINT no_comma CHECK (a > b)
  FOREIGN KEY (a, b) REFERENCES user_roles DEFERRABLE INITIALLY IMMEDIATE,
  CONSTRAINT with_name FOREIGN KEY (c) REFERENCES roles ON DELETE NO ACTION
);
CREATE TABLE "order" ("select" TEXT, [from here] TEXT, `group` TEXT, 'text' INT, "a.b""c" INT, größe REAL, UNIQUE ("select", [from here]));
CREATE TABLE keywords (abort int, action int, after int, key int, generated int, always text, cast text, replace "quoted type" (10, 2), row varchar ( 20 ));
CREATE TABLE nothing_named (a CONSTRAINT x NOT NULL CONSTRAINT y DEFAULT 5 CONSTRAINT z);
CREATE TABLE of_generated (a INTEGER GENERATED, b GENERATED ALWAYS AS (a + 1) VIRTUAL);
CREATE TABLE made_of AS SELECT id, name AS "the name", score * 2 FROM users;
CREATE TABLE tree (id INTEGER PRIMARY KEY, parent_id INT REFERENCES tree, label TEXT);
CREATE TABLE changed (a INT);
ALTER TABLE changed ADD COLUMN b TEXT DEFAULT 'x' CHECK (b <> 'y');
ALTER TABLE changed ADD COLUMN c INT REFERENCES roles ON DELETE CASCADE;
ALTER TABLE changed RENAME COLUMN a TO "new a";
ALTER TABLE changed RENAME TO "re named";
CREATE TABLE dangling (a INT REFERENCES no_such_table, b INT REFERENCES no_such_table (x));
CREATE TABLE parent_key (a INT, b INT, PRIMARY KEY (b, a));
CREATE TABLE child_key (x INT, y INT, FOREIGN KEY (x, y) REFERENCES Parent_Key);
CREATE INDEX users_name ON users (name COLLATE RTRIM DESC, lower(email) COLLATE NOCASE, score) WHERE score > 1 AND name <> 'x';
CREATE UNIQUE INDEX "odd ""index" ON "order" ('text', "group" COLLATE NOCASE);
CREATE INDEX IF NOT EXISTS expression ON users (score * (2 + 1) DESC, (name) , coalesce(email, 'a,b'));
CREATE VIEW active (id, "full name") AS SELECT id, name FROM users WHERE score > 0;
CREATE VIEW plain AS WITH x AS (SELECT 1 AS a) SELECT * FROM x;
CREATE VIEW broken AS SELECT * FROM gone;
CREATE TRIGGER users_made AFTER INSERT ON users FOR EACH ROW WHEN NEW.score > 1 BEGIN UPDATE users SET made = 'x' WHERE id = NEW.id; SELECT 1; END;
CREATE TRIGGER active_insert INSTEAD OF INSERT ON active BEGIN INSERT INTO users (email) VALUES (NEW.id); END;
CREATE VIRTUAL TABLE docs USING fts5(title, body, tokenize = 'porter ascii', content = '');
CREATE VIRTUAL TABLE boxes USING rtree(id, minx, maxx);
CREATE TABLE docs_real (id INT);
ANALYZE;
