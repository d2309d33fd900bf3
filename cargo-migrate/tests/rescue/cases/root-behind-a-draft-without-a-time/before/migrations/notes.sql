-- revision: notes
-- parents: none
-- message: add notes

-- migrate: up
CREATE TABLE notes (id INTEGER PRIMARY KEY);

-- migrate: down
DROP TABLE notes;
