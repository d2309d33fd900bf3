CREATE TABLE kinds (
    id INTEGER PRIMARY KEY,
    flag BOOLEAN NOT NULL,
    whole INT NOT NULL,
    two REAL,
    exact DECIMAL(20, 5),
    words TEXT NOT NULL,
    few VARCHAR(20) COLLATE NOCASE,
    raw BLOB,
    at DATETIME,
    zoned TIMESTAMP,
    day DATE,
    hour TIME,
    body JSON,
    state TEXT NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'done'))
);
CREATE TABLE boards (
    id BLOB PRIMARY KEY,
    parent BLOB REFERENCES boards (id) ON DELETE SET NULL,
    name TEXT NOT NULL UNIQUE
);
CREATE TABLE strict_kinds (
    code TEXT PRIMARY KEY,
    whole INTEGER,
    two REAL,
    anything ANY
) STRICT, WITHOUT ROWID;
CREATE TABLE members (
    org INTEGER NOT NULL,
    "user" INTEGER NOT NULL REFERENCES kinds (id) ON DELETE CASCADE,
    "Joined At" DATETIME NOT NULL,
    "type" TEXT,
    "2" INTEGER,
    PRIMARY KEY (org, "user")
);
CREATE INDEX by_type ON members ("type", org DESC);
CREATE TABLE "match" (id INTEGER);
