-- revision: d58c92e4016f
-- parents: 3ba1f6c07e52
-- message: remember when a task was done
-- created: 2026-11-23T15:30:00Z

-- migrate: up sqlite
ALTER TABLE tasks ADD COLUMN done_at TEXT;
CREATE TRIGGER tasks_done AFTER UPDATE OF done ON tasks WHEN new.done = 1
BEGIN
    UPDATE tasks SET done_at = CURRENT_TIMESTAMP WHERE id = new.id;
END;

-- migrate: up mysql
ALTER TABLE tasks ADD COLUMN done_at DATETIME;
CREATE TRIGGER tasks_done BEFORE UPDATE ON tasks FOR EACH ROW
BEGIN
    IF new.done AND NOT old.done THEN
        SET new.done_at = CURRENT_TIMESTAMP;
    END IF;
END;

-- migrate: down
DROP TRIGGER tasks_done;
ALTER TABLE tasks DROP COLUMN done_at;
