-- before
CREATE TABLE t (id int PRIMARY KEY, v varchar(50), FULLTEXT KEY ng (v) WITH PARSER ngram);
CREATE TABLE f (id int PRIMARY KEY, a varchar(9) COLUMN_FORMAT DYNAMIC DEFAULT 'STORAGE', b int, KEY k (b) COMMENT 'x') STATS_PERSISTENT=1;
-- after
CREATE TABLE t (id int PRIMARY KEY, v varchar(80), w text, FULLTEXT KEY ng (v) WITH PARSER ngram, FULLTEXT KEY ng2 (w) WITH PARSER ngram, FULLTEXT KEY usual (v, w));
CREATE TABLE f (id int PRIMARY KEY, a varchar(9) COLUMN_FORMAT FIXED DEFAULT 'STORAGE', b bigint, KEY k (b) COMMENT 'x') STATS_PERSISTENT=0;
-- rows
INSERT INTO t VALUES (1, '数据库');
-- same
SELECT id FROM t WHERE MATCH (v) AGAINST ('数据')
