CREATE SCHEMA app;
CREATE EXTENSION citext;
CREATE EXTENSION hstore;
CREATE EXTENSION ltree;
CREATE TYPE mood AS ENUM ('sad', 'very glad', '3rd');
CREATE TYPE app."Level" AS ENUM ('Low', 'high');
CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
CREATE DOMAIN app.amount AS numeric(12, 2);
CREATE TABLE kinds (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    flag boolean NOT NULL,
    tiny "char",
    small smallint,
    whole integer NOT NULL,
    one real,
    two double precision,
    exact numeric(20, 5),
    words text NOT NULL,
    few varchar(20) COLLATE "C",
    three character(3),
    folded citext,
    raw bytea,
    key uuid,
    at timestamp,
    zoned timestamptz(3),
    day date,
    hour time,
    zoned_hour timetz,
    pause interval,
    price money,
    old json,
    body jsonb NOT NULL DEFAULT '{}',
    address inet,
    mail email,
    cost app.amount,
    state mood NOT NULL DEFAULT 'sad',
    states mood[],
    level app."Level",
    numbers integer[] NOT NULL DEFAULT '{}',
    spot point,
    area box,
    span int4range,
    period tstzrange,
    pairs hstore,
    path ltree,
    search tsvector
);
CREATE TABLE app.members (
    org bigint NOT NULL,
    "user" bigint NOT NULL REFERENCES kinds (id) ON DELETE CASCADE,
    "Joined At" timestamptz NOT NULL,
    type text,
    "2" integer,
    PRIMARY KEY (org, "user")
);
CREATE INDEX members_by_type ON app.members (type, org DESC);
CREATE TABLE app.notes (
    code text PRIMARY KEY,
    org bigint,
    member bigint,
    UNIQUE (org, code),
    FOREIGN KEY (org, member) REFERENCES app.members (org, "user") ON UPDATE CASCADE
);
CREATE TABLE match (id integer);
