-- revision: 3ba1f6c07e52
-- parents: none
-- message: create tasks
-- created: 2026-11-20T09:00:00Z

-- migrate: up sqlite
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    done INTEGER NOT NULL DEFAULT 0 CHECK (done IN (0, 1))
);

-- migrate: up mysql
CREATE TABLE tasks (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    title VARCHAR(255) NOT NULL,
    done BOOLEAN NOT NULL DEFAULT FALSE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- migrate: down
DROP TABLE tasks;
