-- before
CREATE TABLE t (id int PRIMARY KEY, kind enum('text','blob') NOT NULL DEFAULT 'text', s set('json','geometry') DEFAULT 'json');
-- after
CREATE TABLE t (id int PRIMARY KEY, kind enum('text','blob','point') NOT NULL DEFAULT 'blob', s set('json','geometry') DEFAULT 'geometry', v varchar(20) DEFAULT 'char', n text);
