-- before
CREATE TABLE room (id int4range, at tsrange, CONSTRAINT room_pk PRIMARY KEY (id, at WITHOUT OVERLAPS));
CREATE TABLE use (id int4range, at tsrange, room int4range, CONSTRAINT in_room FOREIGN KEY (room, PERIOD at) REFERENCES room (id, PERIOD at), CONSTRAINT once UNIQUE (id, at WITHOUT OVERLAPS));
CREATE TABLE plain (id int4range, at tsrange);
-- after
CREATE TABLE room (id int4range, at tsrange, CONSTRAINT room_pk PRIMARY KEY (id, at WITHOUT OVERLAPS));
CREATE TABLE use (id int4range, at tsrange, room int4range, CONSTRAINT once UNIQUE (id, at));
CREATE TABLE plain (id int4range, at tsrange, CONSTRAINT plain_k UNIQUE (id, at WITHOUT OVERLAPS));
