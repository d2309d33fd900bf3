CREATE TABLE users (
  id bigint unsigned NOT NULL AUTO_INCREMENT COMMENT 'The ''key''',
  email varchar(190) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  name varchar(80) NOT NULL DEFAULT 'nobo''dy',
  nothing varchar(10) NOT NULL DEFAULT '',
  word_null varchar(10) DEFAULT 'NULL',
  back varchar(20) DEFAULT 'a\\b\'c"d',
  nick text,
  story text DEFAULT ('it\'s a \\ story'),
  score decimal(10,2) unsigned zerofill DEFAULT 1.50,
  ratio double DEFAULT -1.5e-3,
  flag tinyint(1) NOT NULL DEFAULT 1,
  bits bit(4) DEFAULT b'0101',
  raw_bytes varbinary(8) DEFAULT x'00ff27',
  smile varchar(9) DEFAULT '😀',
  kind enum('a','it''s','c,d') NOT NULL DEFAULT 'a',
  many set('x','y') DEFAULT 'x,y',
  settings json DEFAULT (JSON_OBJECT('a', 'it''s')),
  list json DEFAULT ('[]'),
  made timestamp NOT NULL DEFAULT current_timestamp(),
  changed datetime(3) DEFAULT current_timestamp(3) ON UPDATE current_timestamp(3),
  born date DEFAULT '2000-01-02',
  at_noon time DEFAULT '12:00:00',
  since year DEFAULT 2000,
  today date DEFAULT (curdate() + interval 1 day),
  place point SRID 4326,
  token char(36) DEFAULT (uuid()),
  lower_name varchar(80) AS (lower(name)) VIRTUAL,
  twice decimal(12,2) AS (score * 2) STORED NOT NULL,
  quoted varchar(200) AS (concat(name, '\'', '\\', "\"", _utf8mb4'ü😀', '%_\n')) VIRTUAL COMMENT 'What''s odd',
  picture blob,
  hidden int DEFAULT 3 INVISIBLE,
  positive int CHECK (positive > 0),
  PRIMARY KEY (id),
  UNIQUE KEY users_email (email),
  UNIQUE KEY by_prefix (name(10), born),
  UNIQUE KEY unique_hidden (hidden) INVISIBLE,
  KEY by_name (name DESC, born),
  KEY by_nick (nick(20)) COMMENT 'Nick',
  KEY ignored_one (flag) INVISIBLE,
  KEY by_text ((lower(name)), born DESC, (concat(nothing, 'it''s \\'))),
  KEY by_json ((CAST(settings->'$.tags' AS UNSIGNED ARRAY))),
  FULLTEXT KEY words (nick, name),
  CONSTRAINT long_enough CHECK (char_length(name) > 1 AND name <> 'x'),
  CONSTRAINT odd_text CHECK (name NOT IN ('it''s', 'a\\b', "\"")),
  CONSTRAINT `odd``check` CHECK (score < 100) NOT ENFORCED
) COMMENT='People' ROW_FORMAT=DYNAMIC;
CREATE TABLE roles (id smallint NOT NULL AUTO_INCREMENT PRIMARY KEY, title varchar(50) UNIQUE) ENGINE=InnoDB DEFAULT CHARSET=latin1;
CREATE TABLE user_roles (
  user_id bigint unsigned NOT NULL,
  role_id smallint,
  by_id bigint unsigned,
  parent bigint unsigned,
  PRIMARY KEY (user_id, role_id),
  KEY role_first (role_id, user_id),
  CONSTRAINT to_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE ON UPDATE CASCADE,
  FOREIGN KEY (role_id) REFERENCES roles (id) ON DELETE RESTRICT,
  CONSTRAINT to_by FOREIGN KEY (by_id) REFERENCES users (id) ON DELETE SET NULL ON UPDATE NO ACTION,
  CONSTRAINT to_pair FOREIGN KEY (parent, role_id) REFERENCES user_roles (user_id, role_id)
);
CREATE TABLE long_keys (a text NOT NULL, b varchar(500), PRIMARY KEY (a(30)), UNIQUE KEY long_unique (b));
CREATE TABLE geo (id int PRIMARY KEY, at point NOT NULL SRID 0, SPATIAL KEY at_index (at));
CREATE TABLE in_memory (id int PRIMARY KEY, n int, KEY n_hash (n) USING HASH) ENGINE=MEMORY;
CREATE TABLE old_engine (id int PRIMARY KEY, t text) ENGINE=MyISAM ROW_FORMAT=FIXED CHECKSUM=1;
CREATE TABLE parted (id int NOT NULL, at date NOT NULL, city varchar(10), PRIMARY KEY (id, at)) PARTITION BY RANGE (year(at)) SUBPARTITION BY HASH (id) SUBPARTITIONS 2 (PARTITION p0 VALUES LESS THAN (2000), PARTITION p1 VALUES LESS THAN (2010), PARTITION `p max` VALUES LESS THAN MAXVALUE);
CREATE TABLE parted_list (id int, city varchar(10)) PARTITION BY LIST COLUMNS (city) (PARTITION a VALUES IN ('x', 'y'), PARTITION b VALUES IN ('z'));
CREATE TABLE parted_hash (id int) PARTITION BY HASH (id) PARTITIONS 4;
CREATE TABLE parted_key (id int PRIMARY KEY) PARTITION BY KEY () PARTITIONS 2;
CREATE TABLE `order` (`select` int, `a.b` int, `say ``hi``` int, `größe` int, `With Space` int, UNIQUE KEY `odd key` (`select`, `a.b`), CHECK (`With Space` > 0));
CREATE TABLE tree (id int PRIMARY KEY AUTO_INCREMENT, parent_id int, label varchar(20), FOREIGN KEY (parent_id) REFERENCES tree (id)) AUTO_INCREMENT = 500;
CREATE VIEW active AS SELECT u.id, u.name AS `full name`, count(r.role_id) AS roles FROM users u LEFT JOIN user_roles r ON r.user_id = u.id WHERE u.score > 0 GROUP BY u.id, u.name;
CREATE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW checked (a, b) AS SELECT id, title FROM roles WHERE id > 1 WITH CASCADED CHECK OPTION;
CREATE FUNCTION twice_of(n int) RETURNS bigint DETERMINISTIC NO SQL COMMENT 'Two' RETURN n * 2;
CREATE PROCEDURE clean(IN days int, OUT done varchar(10), INOUT both_ways decimal(10,2)) MODIFIES SQL DATA SQL SECURITY INVOKER BEGIN DELETE FROM roles WHERE id > days; SET done = 'it''s'; END;
CREATE PROCEDURE twice_of() SELECT 1;
CREATE TRIGGER z_first BEFORE INSERT ON users FOR EACH ROW SET NEW.name = 'x';
CREATE TRIGGER a_second BEFORE INSERT ON users FOR EACH ROW BEGIN SET NEW.nick = 'y'; SET NEW.flag = 1; END;
CREATE TRIGGER changed AFTER UPDATE ON users FOR EACH ROW INSERT INTO roles (title) VALUES (NEW.name);
CREATE VIEW over_view AS SELECT active.*, twice_of(roles) AS twice FROM active;
