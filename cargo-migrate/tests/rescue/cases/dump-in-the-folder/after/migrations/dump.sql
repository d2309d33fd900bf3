CREATE TABLE everything (id INTEGER);
