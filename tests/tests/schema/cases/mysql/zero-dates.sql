-- before
SET sql_mode = '';
CREATE TABLE wp_posts (id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, post_date datetime NOT NULL DEFAULT '0000-00-00 00:00:00', day date NOT NULL DEFAULT '2000-00-00', title varchar(10));
CREATE TABLE other (id int PRIMARY KEY);
-- after
SET sql_mode = '';
CREATE TABLE wp_posts (id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, post_date datetime NOT NULL DEFAULT '0000-00-00 00:00:00', day date NOT NULL, title varchar(20), n int NOT NULL);
CREATE TABLE other (id int PRIMARY KEY, at timestamp NOT NULL DEFAULT '0000-00-00 00:00:00');
-- rows
SET sql_mode = ''; INSERT INTO wp_posts (title) VALUES ('a'); INSERT INTO other (id) VALUES (1);
-- same
SELECT CAST(post_date AS char), CAST(day AS char), title FROM wp_posts
