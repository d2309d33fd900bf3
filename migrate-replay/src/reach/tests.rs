use super::*;
use Dialect::{MySql, Postgres, Sqlite};

/// Asserts that each statement has exactly these reaches, in this order, described as by
/// [`Reach::what`].
fn out(dialect: Dialect, table: &[(&str, &str)]) {
    let mut wrong = Vec::new();
    for (statement, expected) in table {
        let found = reaches(dialect, statement);
        let described: Vec<_> = found.iter().map(Reach::what).collect();
        for reach in &found {
            assert!(statement.get(reach.range.clone()).is_some(), "{statement}");
        }
        if described.join(", ") != *expected {
            wrong.push(format!(
                "{dialect}: {statement}\n  {expected} != {}",
                described.join(", ")
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Asserts that none of these reaches out.
fn home(dialect: Dialect, table: &[&str]) {
    let table: Vec<_> = table.iter().map(|statement| (*statement, "")).collect();
    out(dialect, &table);
}

#[test]
fn names_of_databases_on_mysql() {
    let shop = "database `shop`";
    let positions = [
        "DROP TABLE IF EXISTS shop.orders",
        "DROP TABLE a, `shop` . `orders`",
        "DROP TEMPORARY TABLE shop.orders",
        "CREATE TABLE shop.orders (id INT PRIMARY KEY)",
        "CREATE TABLE IF NOT EXISTS `shop`.`orders` (id INT)",
        "CREATE OR REPLACE TABLE shop.orders (id INT)",
        "CREATE TABLE a LIKE shop.orders",
        "CREATE TABLE a (LIKE shop.orders)",
        "CREATE TABLE a AS SELECT * FROM shop.orders",
        "CREATE TABLE a (id INT) UNION = (b, shop.orders)",
        "CREATE TABLE a (o INT REFERENCES shop.orders (id))",
        "CREATE TABLE a (o INT, FOREIGN KEY (o) REFERENCES shop.orders (id) ON DELETE CASCADE)",
        "ALTER TABLE shop.orders ADD c INT",
        "ALTER TABLE a RENAME TO shop.b",
        "ALTER TABLE a RENAME shop.b",
        "ALTER TABLE a RENAME AS shop.b",
        "ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES shop.orders (id)",
        "ALTER TABLE a EXCHANGE PARTITION p WITH TABLE shop.orders",
        "RENAME TABLE a TO shop.b",
        "RENAME TABLE a TO b, shop.c TO d",
        "TRUNCATE shop.orders",
        "TRUNCATE TABLE shop.orders",
        "INSERT INTO shop.orders VALUES (1)",
        "INSERT shop.orders VALUES (1)",
        "INSERT LOW_PRIORITY IGNORE INTO shop.orders (id) VALUES (1)",
        "INSERT INTO a SELECT * FROM b, shop.orders",
        "INSERT INTO a TABLE shop.orders",
        "REPLACE INTO shop.orders VALUES (1)",
        "REPLACE shop.orders SET id = 1",
        "UPDATE shop.orders SET n = n * 2",
        "UPDATE LOW_PRIORITY a, shop.orders SET a.n = 1",
        "UPDATE a JOIN shop.orders o ON o.id = a.id SET a.n = 1",
        "DELETE FROM shop.orders WHERE id = 1",
        "DELETE QUICK FROM shop.orders",
        "DELETE a, shop.orders FROM a JOIN b ON a.id = b.id",
        "DELETE shop.orders.* FROM a",
        "DELETE FROM a USING a JOIN shop.orders o ON o.id = a.id",
        "SELECT * FROM shop.orders",
        "SELECT * FROM a, shop.orders",
        "SELECT * FROM a AS x, shop.orders AS y",
        "SELECT * FROM (a, shop.orders)",
        "SELECT * FROM a JOIN b ON a.x = b.x, shop.orders",
        "SELECT * FROM a JOIN b ON CASE WHEN a.x THEN 1 ELSE 2 END = b.x, shop.orders",
        "SELECT * FROM a NATURAL LEFT JOIN shop.orders",
        "SELECT * FROM a STRAIGHT_JOIN shop.orders",
        "SELECT * FROM a USE INDEX (i, j), shop.orders",
        "SELECT * FROM a PARTITION (p0), shop.orders",
        "SELECT * FROM { OJ shop.orders LEFT OUTER JOIN b ON b.x = 1 }",
        "SELECT * FROM a WHERE x IN (SELECT y FROM shop.orders)",
        "SELECT EXISTS (SELECT 1 FROM shop.orders)",
        "SELECT shop.orders.id FROM a",
        "SELECT shop.orders.* FROM a",
        "SELECT shop.price(1)",
        "SELECT a FROM b ORDER BY shop.price(a)",
        "SELECT * FROM /* why */ shop /* ? */ . orders",
        "SELECT * FROM shop.\n-- so\norders",
        "SELECT * FROM shop.`or``ders`",
        "SELECT * FROM \"shop\".\"orders\"",
        "WITH x AS (SELECT * FROM shop.orders) SELECT * FROM x",
        "TABLE shop.orders",
        "VALUES ROW(shop.price(1))",
        "DO shop.price(1)",
        "CALL shop.pay(1)",
        "CALL shop.pay",
        "HANDLER shop.orders OPEN",
        "DESCRIBE shop.orders",
        "EXPLAIN SELECT * FROM shop.orders",
        "LOCK TABLES a READ, shop.orders WRITE",
        "LOCK TABLE shop.orders READ",
        "ANALYZE TABLE shop.orders",
        "OPTIMIZE LOCAL TABLE a, shop.orders",
        "CHECK TABLE shop.orders",
        "REPAIR TABLE shop.orders",
        "CHECKSUM TABLE shop.orders",
        "CREATE INDEX i ON shop.orders (id)",
        "CREATE UNIQUE INDEX IF NOT EXISTS i ON shop.orders (id)",
        "DROP INDEX i ON shop.orders",
        "CREATE VIEW shop.v AS SELECT 1",
        "CREATE OR REPLACE ALGORITHM = MERGE SQL SECURITY INVOKER VIEW shop.v AS SELECT 1",
        "ALTER VIEW shop.v AS SELECT 1",
        "DROP VIEW IF EXISTS a, shop.v",
        "CREATE PROCEDURE shop.p() SELECT 1",
        "CREATE PROCEDURE p() UPDATE shop.orders SET n = 1",
        "CREATE PROCEDURE p() BEGIN IF 1 THEN DELETE FROM shop.orders; END IF; END",
        "CREATE PROCEDURE p() BEGIN a: LOOP INSERT INTO shop.orders VALUES (1); LEAVE a; END LOOP; END",
        "CREATE FUNCTION f() RETURNS INT RETURN (SELECT max(id) FROM shop.orders)",
        "CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN shop.price(1)",
        "CREATE FUNCTION IF NOT EXISTS shop.f() RETURNS INT RETURN 1",
        "DROP PROCEDURE IF EXISTS shop.p",
        "DROP FUNCTION shop.f",
        "ALTER PROCEDURE shop.p SQL SECURITY INVOKER",
        "CREATE TRIGGER shop.t BEFORE INSERT ON a FOR EACH ROW SET NEW.x = 1",
        "CREATE TRIGGER t BEFORE INSERT ON shop.orders FOR EACH ROW SET NEW.x = 1",
        "CREATE TRIGGER t AFTER UPDATE ON a FOR EACH ROW INSERT INTO shop.log VALUES (NEW.id)",
        "CREATE TRIGGER t AFTER DELETE ON a FOR EACH ROW BEGIN DELETE FROM shop.log WHERE id = OLD.id; END",
        "DROP TRIGGER IF EXISTS shop.t",
        "DROP EVENT shop.e",
        "CREATE SEQUENCE shop.s",
        "DROP SEQUENCE a, shop.s",
        "SELECT NEXT VALUE FOR shop.s",
        "SELECT NEXTVAL(shop.s)",
        "CREATE PACKAGE shop.p AS PROCEDURE a(); END",
        "/*!40101 DROP TABLE IF EXISTS shop.orders */",
        "CREATE /*!50013 SQL SECURITY DEFINER */ /*!50001 VIEW shop.v AS SELECT 1 */",
        "USE shop",
        "USE `shop`",
        "/*!40000 USE shop */",
        "CREATE DATABASE shop",
        "CREATE DATABASE /*!32312 IF NOT EXISTS*/ `shop` /*!40100 DEFAULT CHARACTER SET utf8mb4 */",
        "CREATE OR REPLACE SCHEMA shop",
        "ALTER DATABASE shop CHARACTER SET utf8mb4",
        "DROP SCHEMA IF EXISTS shop",
        "PREPARE s FROM 'DROP TABLE shop.orders'",
        "EXECUTE IMMEDIATE 'TRUNCATE shop.orders'",
        "SET @sql = IF(@a, 'ALTER TABLE shop.orders ADD b INT', 'SELECT 1')",
        "SET @sql = 'ALTER TABLE a COMMENT ''x'', RENAME TO shop.b'",
        "SET @sql = CONCAT('DROP TABLE shop.', @name)",
        "SELECT 'DROP TABLE shop.a' INTO @sql",
        "SELECT @sql := 'DROP TABLE shop.a'",
        "BEGIN NOT ATOMIC DELETE FROM shop.orders; END",
        "IF 1 THEN TRUNCATE TABLE shop.orders; END IF",
    ];
    let table: Vec<_> = positions
        .iter()
        .map(|statement| (*statement, shop))
        .collect();
    out(MySql, &table);
    out(
        MySql,
        &[
            (
                "INSERT INTO shop.a SELECT shop.f(b.c) FROM other.b",
                "database `shop`, database `shop`, database `other`",
            ),
            (
                "RENAME TABLE shop.a TO other.a",
                "database `shop`, database `other`",
            ),
            (
                "CREATE TRIGGER shop.t BEFORE INSERT ON shop.a FOR EACH ROW UPDATE shop.b SET shop.b.n = NEW.n",
                "database `shop`, database `shop`, database `shop`, database `shop`",
            ),
        ],
    );
}

#[test]
fn the_server_on_mysql() {
    out(
        MySql,
        &[
            ("CREATE USER 'a'@'%' IDENTIFIED BY 'x'", "CREATE USER"),
            ("CREATE USER IF NOT EXISTS a", "CREATE USER"),
            ("CREATE OR REPLACE USER a", "CREATE USER"),
            ("ALTER USER a IDENTIFIED BY 'x'", "ALTER USER"),
            ("DROP USER a", "DROP USER"),
            ("RENAME USER a TO b", "RENAME USER"),
            ("CREATE ROLE r", "CREATE ROLE"),
            ("DROP ROLE r", "DROP ROLE"),
            ("GRANT SELECT ON shop.* TO a", "GRANT"),
            ("GRANT r TO a", "GRANT"),
            ("REVOKE ALL ON *.* FROM a", "REVOKE"),
            ("SET PASSWORD FOR a = 'x'", "SET PASSWORD"),
            ("SET PASSWORD = PASSWORD('x')", "SET PASSWORD"),
            ("SET DEFAULT ROLE r FOR a", "SET DEFAULT ROLE"),
            ("SET ROLE r", "SET ROLE"),
            ("SET GLOBAL max_connections = 5", "SET GLOBAL"),
            ("SET sql_mode = '', GLOBAL x = 1", "SET GLOBAL"),
            ("SET @@GLOBAL.x = 1", "SET GLOBAL"),
            ("SET @@global . x = 1", "SET GLOBAL"),
            ("SET @a = 1, @@persist.x = 1", "SET PERSIST"),
            ("SET PERSIST x = 1", "SET PERSIST"),
            ("SET PERSIST_ONLY x = 1", "SET PERSIST_ONLY"),
            ("SET GLOBAL TRANSACTION READ ONLY", "SET GLOBAL"),
            ("SET SQL_LOG_BIN = 0", "SET SQL_LOG_BIN"),
            ("SET @@SESSION.SQL_LOG_BIN= 0", "SET SQL_LOG_BIN"),
            ("SET RESOURCE GROUP g", "SET RESOURCE GROUP"),
            (
                "CREATE RESOURCE GROUP g TYPE = USER",
                "CREATE RESOURCE GROUP",
            ),
            ("INSTALL PLUGIN p SONAME 'p.so'", "INSTALL PLUGIN"),
            ("INSTALL SONAME 'p'", "INSTALL SONAME"),
            ("INSTALL COMPONENT 'file://c'", "INSTALL COMPONENT"),
            ("UNINSTALL PLUGIN p", "UNINSTALL PLUGIN"),
            (
                "CREATE FUNCTION f RETURNS STRING SONAME 'f.so'",
                "CREATE FUNCTION … SONAME",
            ),
            (
                "CREATE AGGREGATE FUNCTION f RETURNS INT SONAME 'f.so'",
                "CREATE FUNCTION … SONAME",
            ),
            (
                "CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'h')",
                "CREATE SERVER",
            ),
            (
                "CREATE OR REPLACE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'h')",
                "CREATE SERVER",
            ),
            ("ALTER SERVER s OPTIONS (USER 'x')", "ALTER SERVER"),
            ("DROP SERVER IF EXISTS s", "DROP SERVER"),
            (
                "CREATE TABLE t (a INT) ENGINE=FEDERATED CONNECTION='s/t'",
                "ENGINE FEDERATED",
            ),
            (
                "CREATE TABLE t (a INT) ENGINE = `CONNECT` TABLE_TYPE=CSV",
                "ENGINE CONNECT",
            ),
            ("CREATE TABLE t (a INT) ENGINE spider", "ENGINE SPIDER"),
            (
                "CREATE TABLESPACE t ADD DATAFILE 't.ibd'",
                "CREATE TABLESPACE",
            ),
            (
                "CREATE UNDO TABLESPACE t ADD DATAFILE 't.ibu'",
                "CREATE UNDO TABLESPACE",
            ),
            ("ALTER TABLESPACE t RENAME TO u", "ALTER TABLESPACE"),
            ("ALTER TABLE t DISCARD TABLESPACE", "DISCARD TABLESPACE"),
            ("ALTER TABLE t IMPORT TABLESPACE", "IMPORT TABLESPACE"),
            ("ALTER INSTANCE ROTATE INNODB MASTER KEY", "ALTER INSTANCE"),
            (
                "CREATE SPATIAL REFERENCE SYSTEM 4120 NAME 'x' DEFINITION 'y'",
                "CREATE SPATIAL REFERENCE SYSTEM",
            ),
            ("FLUSH TABLES WITH READ LOCK", "FLUSH TABLES"),
            ("FLUSH PRIVILEGES", "FLUSH PRIVILEGES"),
            ("KILL 5", "KILL"),
            ("KILL QUERY 5", "KILL"),
            ("SHUTDOWN", "SHUTDOWN"),
            ("RESTART", "RESTART"),
            ("RESET MASTER", "RESET MASTER"),
            ("RESET PERSIST", "RESET PERSIST"),
            ("RESET BINARY LOGS AND GTIDS", "RESET BINARY"),
            ("CHANGE MASTER TO MASTER_HOST = 'h'", "CHANGE MASTER"),
            (
                "CHANGE REPLICATION SOURCE TO SOURCE_HOST = 'h'",
                "CHANGE REPLICATION",
            ),
            ("START REPLICA", "START REPLICA"),
            ("STOP ALL SLAVES", "STOP ALL"),
            ("START GROUP_REPLICATION", "START GROUP_REPLICATION"),
            ("PURGE BINARY LOGS TO 'b.1'", "PURGE BINARY"),
            ("BINLOG 'x'", "BINLOG"),
            (
                "CLONE INSTANCE FROM a@h:1 IDENTIFIED BY 'x'",
                "CLONE INSTANCE",
            ),
            ("BACKUP STAGE START", "BACKUP STAGE"),
            ("LOCK INSTANCE FOR BACKUP", "LOCK INSTANCE"),
            ("CACHE INDEX t IN c", "CACHE INDEX"),
            ("LOAD INDEX INTO CACHE t", "LOAD INDEX"),
            ("LOAD DATA INFILE 'f' INTO TABLE t", "LOAD DATA"),
            (
                "LOAD DATA LOCAL INFILE 'f' REPLACE INTO TABLE t",
                "LOAD DATA",
            ),
            ("LOAD XML INFILE 'f' INTO TABLE t", "LOAD XML"),
            ("IMPORT TABLE FROM '/tmp/t.sdi'", "IMPORT TABLE"),
            ("SELECT * FROM t INTO OUTFILE 'f'", "INTO OUTFILE"),
            ("SELECT * INTO DUMPFILE 'f' FROM t", "INTO DUMPFILE"),
            ("INSERT INTO t VALUES (LOAD_FILE('f'))", "LOAD_FILE()"),
            ("SELECT sys_exec('rm x')", "SYS_EXEC()"),
            ("XA PREPARE 'x'", "XA PREPARE"),
            ("XA COMMIT 'x'", "XA COMMIT"),
            ("INSERT INTO mysql.user VALUES (1)", "write to `mysql.user`"),
            ("UPDATE mysql.user SET host = '%'", "write to `mysql.user`"),
            ("DELETE FROM `mysql`.`db`", "write to `mysql.db`"),
            (
                "TRUNCATE performance_schema.accounts",
                "write to `performance_schema.accounts`",
            ),
            (
                "CALL sys.ps_setup_enable_instrument('x')",
                "write to `sys.ps_setup_enable_instrument`",
            ),
            ("CALL mysql.rds_kill(1)", "write to `mysql.rds_kill`"),
            ("USE mysql", "database `mysql`"),
            ("CREATE DEFINER = 'a'@'%' VIEW v AS SELECT 1", "DEFINER"),
            (
                "CREATE /*!50017 DEFINER=`a`@`%`*/ TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET @x = 1",
                "DEFINER",
            ),
            (
                "CREATE TABLE t (a INT) DATA DIRECTORY = '/x'",
                "DATA DIRECTORY",
            ),
            (
                "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM t",
                "EVENT",
            ),
            (
                "CREATE DEFINER=`a`@`b` EVENT e ON SCHEDULE EVERY 1 DAY ON COMPLETION PRESERVE ENABLE COMMENT 'x' DO DELETE FROM t",
                "DEFINER, EVENT",
            ),
            ("ALTER EVENT e ENABLE", "EVENT"),
            ("/*!50003 SET GLOBAL x = 1 */", "SET GLOBAL"),
            ("PREPARE s FROM \"GRANT ALL ON *.* TO a\"", "GRANT"),
            ("SET @s = 'SET GLOBAL x = ''a'''", "SET GLOBAL"),
            (
                "CREATE PROCEDURE p() BEGIN IF a THEN SET GLOBAL x = 1; END IF; END",
                "SET GLOBAL",
            ),
            ("CREATE PROCEDURE p() FLUSH TABLES", "FLUSH TABLES"),
        ],
    );
}

#[test]
fn what_stays_in_its_database_on_mysql() {
    home(
        MySql,
        &[
            "SELECT shop.id, shop.name FROM orders AS shop",
            "SELECT shop.* FROM orders shop",
            "SELECT a.b FROM a ORDER BY a.b, a.c",
            "SELECT a.x FROM a GROUP BY a.x, a.y HAVING a.x > 1",
            "SELECT * FROM a JOIN b ON a.x = b.x AND a.y = b.y",
            "SELECT * FROM a JOIN b USING (id) WHERE a.x IN (1, 2)",
            "SELECT STRAIGHT_JOIN a.x FROM a",
            "SELECT TRIM(LEADING 'x' FROM a.b), EXTRACT(YEAR FROM a.c), SUBSTRING(a.d FROM 2) FROM a",
            "SELECT a.b IS NOT NULL, a.c LIKE a.d FROM a",
            "SELECT @shop.x, @@session.sql_mode, @@global.sql_mode",
            "SELECT user, role, `use` FROM grants",
            "SELECT 1.5, .5, 1.e5",
            "SELECT 'DROP TABLE shop.orders'",
            "SELECT \"shop.orders\"",
            "SELECT 1 -- FROM shop.orders",
            "SELECT 1 /* FROM shop.orders */",
            "SELECT CASE WHEN a.x THEN a.flush ELSE a.`kill` END FROM a",
            "SELECT CASE WHEN x THEN shutdown ELSE reset END FROM a",
            "SELECT * FROM information_schema.tables WHERE table_schema = DATABASE()",
            "SELECT * FROM mysql.user",
            "SELECT * FROM performance_schema.threads",
            "SELECT sys.version_major()",
            "SELECT REPLACE(a.b, 'x', 'y'), INSERT(a.b, 1, 2, 'x'), TRUNCATE(a.b, 1) FROM a",
            "SELECT * FROM a FOR UPDATE OF a",
            "SELECT JSON_EXTRACT(a.j, '$.shop.x') FROM a",
            "SELECT a.j->'$.x.y' FROM a",
            "SELECT * FROM a, JSON_TABLE(a.j, '$[*]' COLUMNS (x INT PATH '$.x')) AS t",
            "SELECT x INTO @a FROM t",
            "INSERT INTO t (user, password, role) VALUES ('a', 'b', 'GRANT ALL ON *.* TO x')",
            "INSERT INTO t SELECT a.x, a.y FROM a ON DUPLICATE KEY UPDATE t.x = a.x, t.y = VALUES(y)",
            "INSERT INTO t SET x = 'USE shop'",
            "INSERT INTO grants VALUES (1)",
            "INSERT INTO users (name) VALUES ('CREATE USER x')",
            "REPLACE INTO t VALUES (1)",
            "UPDATE a SET a.x = 1, a.y = 2 WHERE a.z = 3",
            "UPDATE a JOIN b ON a.id = b.id SET a.x = b.x, a.y = b.y",
            "UPDATE t SET global = 1",
            "UPDATE t SET password = 'x', user = 'y'",
            "DELETE FROM a WHERE a.x = 1",
            "DELETE a FROM a JOIN b ON a.id = b.id",
            "DELETE a.* FROM a",
            "CREATE TABLE t (`user` INT, role INT, `grant` INT, definer INT, event INT)",
            "CREATE TABLE `shop.orders` (id INT)",
            "CREATE TABLE shop (id INT)",
            "CREATE TABLE t (a INT CHECK (a LIKE 'x'), KEY k (a)) ENGINE=InnoDB COMMENT='ENGINE=FEDERATED'",
            "CREATE TABLE t (a INT) ENGINE=MEMORY, CHARSET=utf8mb4",
            "CREATE TABLE t AS SELECT a.x FROM a WHERE a.x LIKE a.y",
            "CREATE TABLE t LIKE u",
            "CREATE TABLE connect (a INT)",
            "CREATE TABLE t (a INT REFERENCES u (id) ON UPDATE CASCADE ON DELETE SET NULL)",
            "CREATE TABLE t (a TIMESTAMP DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP)",
            "CREATE TABLE t (data INT, directory INT)",
            "ALTER TABLE t RENAME COLUMN a TO b, RENAME INDEX i TO j, ADD c INT",
            "ALTER TABLE t RENAME TO u",
            "ALTER TABLE users ADD COLUMN role VARCHAR(10)",
            "ALTER TABLE t ADD CHECK (t.a > 1), ADD KEY (b)",
            "ALTER DATABASE CHARACTER SET utf8mb4",
            "CREATE VIEW v AS SELECT a.x, a.y FROM a",
            "CREATE SQL SECURITY DEFINER VIEW v AS SELECT 1",
            "CREATE DEFINER = CURRENT_USER VIEW v AS SELECT 1",
            "CREATE INDEX i ON t (a)",
            "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET NEW.x = NEW.y + 1",
            "CREATE TRIGGER t AFTER UPDATE ON a FOR EACH ROW BEGIN IF NEW.x <> OLD.x THEN INSERT INTO log VALUES (OLD.x, NEW.x); END IF; END",
            "CREATE PROCEDURE p(IN user INT) BEGIN DECLARE r ROW TYPE OF t; SELECT r.x; SET r.y = r.x; END",
            "CREATE PROCEDURE p() BEGIN DECLARE CONTINUE HANDLER FOR NOT FOUND SET @done = 1; END",
            "CREATE FUNCTION f() RETURNS INT RETURN 1",
            "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE DO DELETE FROM t",
            "ALTER EVENT e DISABLE",
            "SET sql_mode = ''",
            "SET SESSION sql_mode = 'ANSI'",
            "SET @@SESSION.sql_mode = ''",
            "SET @global = 1",
            "SET NAMES utf8mb4",
            "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
            "SET @s = 'DROP TABLE orders'",
            "SET @message = 'see shop.example for more'",
            "PREPARE s FROM 'SELECT a.b FROM a'",
            "LOCK TABLES a READ",
            "UNLOCK TABLES",
            "CALL pay(1)",
            "XA RECOVER",
            "HANDLER t OPEN",
            "TRUNCATE t",
            "TRUNCATE TABLE t",
            "RENAME TABLE a TO b",
            "/*!40101 SET NAMES utf8 */",
            "/*!40000 ALTER TABLE `t` DISABLE KEYS */",
            "ANALYZE TABLE t",
            "SHOW TABLES",
            "EXPLAIN SELECT a.x FROM a",
        ],
    );
}

#[test]
fn the_server_on_postgres() {
    out(
        Postgres,
        &[
            ("CREATE ROLE a", "CREATE ROLE"),
            ("create user a with password 'x'", "CREATE USER"),
            ("CREATE GROUP g", "CREATE GROUP"),
            ("ALTER ROLE a PASSWORD 'x'", "ALTER ROLE"),
            ("ALTER ROLE a SET search_path = b", "ALTER ROLE"),
            ("ALTER ROLE ALL IN DATABASE shop SET a = 1", "ALTER ROLE"),
            ("ALTER USER a RENAME TO b", "ALTER USER"),
            ("ALTER GROUP g ADD USER a", "ALTER GROUP"),
            ("DROP ROLE IF EXISTS a", "DROP ROLE"),
            ("DROP USER a, b", "DROP USER"),
            ("GRANT admin TO app", "GRANT of a role"),
            (
                "GRANT admin, ops TO app WITH ADMIN OPTION",
                "GRANT of a role",
            ),
            ("REVOKE admin FROM app", "REVOKE of a role"),
            ("GRANT CREATE ON TABLESPACE t TO a", "GRANT ON TABLESPACE"),
            ("GRANT SET ON PARAMETER work_mem TO a", "GRANT ON PARAMETER"),
            (
                "GRANT CONNECT ON DATABASE shop TO a",
                "database `shop`, role `a`",
            ),
            (
                "REVOKE ALL ON DATABASE shop, \"Other\" FROM PUBLIC",
                "database `shop`, database `Other`",
            ),
            (
                "GRANT SELECT ON t TO a, \"B\" GRANTED BY c",
                "role `a`, role `B`, role `c`",
            ),
            (
                "GRANT SELECT ON ALL TABLES IN SCHEMA public TO GROUP a",
                "role `a`",
            ),
            ("REVOKE INSERT ON t FROM a", "role `a`"),
            ("ALTER TABLE t OWNER TO a", "role `a`"),
            ("ALTER FUNCTION f(int, text) OWNER TO a", "role `a`"),
            (
                "CREATE POLICY p ON t FOR SELECT TO a, PUBLIC USING (true)",
                "role `a`",
            ),
            ("ALTER POLICY p ON t TO b", "role `b`"),
            (
                "ALTER DEFAULT PRIVILEGES FOR ROLE a IN SCHEMA s GRANT SELECT ON TABLES TO b",
                "role `a`, role `b`",
            ),
            (
                "ALTER DEFAULT PRIVILEGES FOR USER a REVOKE SELECT ON TABLES FROM b",
                "role `a`, role `b`",
            ),
            ("CREATE SCHEMA AUTHORIZATION a", "role `a`"),
            ("CREATE SCHEMA s AUTHORIZATION a", "role `a`"),
            ("SET ROLE a", "role `a`"),
            ("SET LOCAL ROLE 'a'", "role `a`"),
            ("SET SESSION AUTHORIZATION a", "role `a`"),
            ("SET role = a", "role `a`"),
            ("REASSIGN OWNED BY a TO b", "REASSIGN OWNED"),
            ("DROP OWNED BY a", "DROP OWNED"),
            ("ALTER SYSTEM SET work_mem = '1MB'", "ALTER SYSTEM"),
            ("ALTER SYSTEM RESET ALL", "ALTER SYSTEM"),
            ("CREATE DATABASE d", "CREATE DATABASE"),
            ("DROP DATABASE d", "DROP DATABASE"),
            ("ALTER DATABASE shop RENAME TO d", "ALTER DATABASE"),
            ("ALTER DATABASE shop OWNER TO d", "ALTER DATABASE"),
            ("ALTER DATABASE shop SET TABLESPACE t", "ALTER DATABASE"),
            ("ALTER DATABASE shop CONNECTION LIMIT 5", "ALTER DATABASE"),
            ("ALTER DATABASE shop SET search_path = a", "database `shop`"),
            ("ALTER DATABASE \"Shop\" RESET ALL", "database `Shop`"),
            ("COMMENT ON DATABASE shop IS 'x'", "database `shop`"),
            ("COMMENT ON ROLE a IS 'x'", "COMMENT ON ROLE"),
            ("COMMENT ON TABLESPACE a IS 'x'", "COMMENT ON TABLESPACE"),
            (
                "COMMENT ON SUBSCRIPTION a IS 'x'",
                "COMMENT ON SUBSCRIPTION",
            ),
            (
                "SECURITY LABEL FOR p ON ROLE a IS 'x'",
                "SECURITY LABEL ON ROLE",
            ),
            ("SECURITY LABEL ON DATABASE shop IS 'x'", "database `shop`"),
            ("REINDEX DATABASE shop", "database `shop`"),
            (
                "REINDEX (VERBOSE) SYSTEM CONCURRENTLY shop",
                "database `shop`",
            ),
            ("CREATE TABLESPACE t LOCATION '/x'", "CREATE TABLESPACE"),
            ("DROP TABLESPACE t", "DROP TABLESPACE"),
            (
                "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p",
                "CREATE SUBSCRIPTION",
            ),
            (
                "ALTER SUBSCRIPTION s REFRESH PUBLICATION",
                "ALTER SUBSCRIPTION",
            ),
            ("DROP SUBSCRIPTION s", "DROP SUBSCRIPTION"),
            (
                "SELECT pg_create_logical_replication_slot('s', 'pgoutput')",
                "pg_create_logical_replication_slot()",
            ),
            (
                "SELECT pg_drop_replication_slot('s')",
                "pg_drop_replication_slot()",
            ),
            (
                "SELECT * FROM pg_logical_slot_get_changes('s', NULL, NULL)",
                "pg_logical_slot_get_changes()",
            ),
            (
                "SELECT pg_replication_origin_create('o')",
                "pg_replication_origin_create()",
            ),
            (
                "CREATE USER MAPPING FOR a SERVER s OPTIONS (password 'x')",
                "CREATE USER MAPPING",
            ),
            (
                "ALTER USER MAPPING FOR a SERVER s OPTIONS (SET password 'x')",
                "ALTER USER MAPPING",
            ),
            ("DROP USER MAPPING FOR a SERVER s", "DROP USER MAPPING"),
            (
                "IMPORT FOREIGN SCHEMA a FROM SERVER s INTO b",
                "IMPORT FOREIGN SCHEMA",
            ),
            (
                "SELECT * FROM dblink('x', 'DELETE FROM t') AS t (a int)",
                "dblink()",
            ),
            (
                "SELECT public.dblink_exec('x', 'y')",
                "public.dblink_exec()",
            ),
            (
                "INSERT INTO t SELECT dblink_connect('x')",
                "dblink_connect()",
            ),
            ("COPY t FROM PROGRAM 'cat x'", "COPY … PROGRAM"),
            ("COPY (SELECT 1) TO PROGRAM 'cat'", "COPY … PROGRAM"),
            ("COPY t TO '/tmp/x'", "COPY TO a file"),
            (
                "COPY t (a, b) FROM '/tmp/x' WITH (FORMAT csv)",
                "COPY FROM a file",
            ),
            ("SELECT lo_import('/x')", "lo_import()"),
            (
                "SELECT pg_catalog.lo_export(1, '/x')",
                "pg_catalog.lo_export()",
            ),
            ("SELECT pg_read_file('/x')", "pg_read_file()"),
            ("SELECT pg_ls_dir('.')", "pg_ls_dir()"),
            (
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity",
                "pg_terminate_backend()",
            ),
            ("SELECT pg_cancel_backend(1)", "pg_cancel_backend()"),
            ("SELECT pg_reload_conf()", "pg_reload_conf()"),
            ("SELECT pg_rotate_logfile()", "pg_rotate_logfile()"),
            ("SELECT pg_switch_wal()", "pg_switch_wal()"),
            ("SELECT \"pg_switch_wal\" ()", "pg_switch_wal()"),
            ("CREATE EXTENSION pg_cron", "CREATE EXTENSION pg_cron"),
            (
                "CREATE EXTENSION IF NOT EXISTS pglogical",
                "CREATE EXTENSION pglogical",
            ),
            (
                "SELECT cron.schedule('a', '* * * * *', 'SELECT 1')",
                "cron.schedule()",
            ),
            ("DELETE FROM cron.job", "write to `job`"),
            ("CHECKPOINT", "CHECKPOINT"),
            ("LOAD 'auto_explain'", "LOAD"),
            ("PREPARE TRANSACTION 'x'", "PREPARE TRANSACTION"),
            ("COMMIT PREPARED 'x'", "COMMIT PREPARED"),
            (
                "UPDATE pg_database SET datallowconn = false",
                "write to `pg_database`",
            ),
            (
                "UPDATE pg_catalog.pg_authid SET rolpassword = NULL",
                "write to `pg_authid`",
            ),
            (
                "DELETE FROM ONLY pg_shdescription",
                "write to `pg_shdescription`",
            ),
            ("SELECT http_get('http://x')", "http_get()"),
            ("SELECT net.http_post('http://x')", "net.http_post()"),
            ("INSERT INTO shop.public.t VALUES (1)", "database `shop`"),
            ("SELECT * FROM shop.public.t", "database `shop`"),
            ("SELECT shop.public.f(1)", "database `shop`"),
            ("SELECT shop.public.t.a FROM t", "database `shop`"),
            ("ALTER TABLE shop.public.t ADD a INT", "database `shop`"),
            ("DO $$ BEGIN CREATE ROLE a; END $$", "CREATE ROLE"),
            (
                "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'a') THEN CREATE ROLE a LOGIN; END IF; END $$",
                "CREATE ROLE",
            ),
            (
                "DO LANGUAGE plpgsql 'BEGIN ALTER ROLE a PASSWORD ''x''; END'",
                "ALTER ROLE",
            ),
            (
                "DO $a$ BEGIN EXECUTE 'ALTER SYSTEM SET a = 1'; END $a$",
                "ALTER SYSTEM",
            ),
            (
                "DO $$ DECLARE s text := 'CREATE ROLE a'; BEGIN EXECUTE s; END $$",
                "CREATE ROLE",
            ),
            (
                "DO $$ BEGIN EXECUTE format('ALTER ROLE %I PASSWORD %L', 'a', 'b'); END $$",
                "ALTER ROLE",
            ),
            (
                "DO $$ BEGIN EXECUTE format('GRANT SELECT ON t TO a'); END $$",
                "role `a`",
            ),
            (
                "DO $$ BEGIN PERFORM pg_reload_conf(); END $$",
                "pg_reload_conf()",
            ),
            (
                "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET a = 1', 'shop'); END $$",
                "ALTER DATABASE",
            ),
            (
                "DO $$ import os $$ LANGUAGE plpython3u",
                "LANGUAGE plpython3u",
            ),
            (
                "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CREATE ROLE a; END $$",
                "CREATE ROLE",
            ),
            (
                "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'SELECT pg_switch_wal()'",
                "pg_switch_wal()",
            ),
            (
                "CREATE FUNCTION f() RETURNS void BEGIN ATOMIC SELECT pg_switch_wal(); END",
                "pg_switch_wal()",
            ),
            (
                "CREATE PROCEDURE p() LANGUAGE plperlu AS $$ x $$",
                "LANGUAGE plperlu",
            ),
        ],
    );
}

#[test]
fn what_stays_in_its_database_on_postgres() {
    home(
        Postgres,
        &[
            "CREATE TABLE users (\"user\" text, role text, password text)",
            "CREATE TABLE role (id int)",
            "CREATE SCHEMA shop",
            "CREATE TABLE shop.orders (id int)",
            "ALTER TABLE shop.orders ADD COLUMN role text",
            "ALTER TABLE users RENAME TO accounts",
            "ALTER TABLE users ALTER role SET DEFAULT 'admin'",
            "DROP TABLE role",
            "SELECT shop.orders.id FROM shop.orders",
            "SELECT * FROM a.b, c.d WHERE a.b.x = c.d.x",
            "SELECT (a.b).c.d FROM a",
            "SELECT shop.price(1)",
            "INSERT INTO t VALUES ('CREATE ROLE a')",
            "INSERT INTO t VALUES ($$ALTER SYSTEM SET a = 1$$)",
            "INSERT INTO roles (role, load) VALUES (1, 2)",
            "INSERT INTO dblink (a) VALUES (1)",
            "CREATE TABLE IF NOT EXISTS http (id int)",
            "CREATE INDEX i ON http (id)",
            "CREATE FUNCTION dblink_exec(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "DROP FUNCTION dblink(text)",
            "GRANT SELECT ON t TO PUBLIC",
            "GRANT USAGE ON SCHEMA s TO CURRENT_USER",
            "REVOKE ALL ON SCHEMA public FROM PUBLIC",
            "CREATE POLICY p ON t USING (true)",
            "CREATE POLICY p ON t FOR ALL TO PUBLIC USING (owner = current_user)",
            "ALTER POLICY p ON t RENAME TO q",
            "ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT SELECT ON TABLES TO PUBLIC",
            "ALTER TABLE t OWNER TO CURRENT_USER",
            "SET ROLE NONE",
            "RESET ROLE",
            "SET search_path = a, b",
            "SET LOCAL statement_timeout = 1",
            "SET SESSION AUTHORIZATION DEFAULT",
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
            "COMMENT ON TABLE role IS 'ON DATABASE shop'",
            "COMMENT ON COLUMN t.role IS 'x'",
            "COPY t TO STDOUT",
            "COPY t (a) FROM STDIN",
            "CREATE EXTENSION postgres_fdw",
            "CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\"",
            "CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'h')",
            "CREATE FOREIGN TABLE f (a int) SERVER s",
            "CREATE PUBLICATION p FOR ALL TABLES",
            "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()",
            "CREATE TRIGGER t BEFORE INSERT OR UPDATE OF role ON users FOR EACH ROW EXECUTE FUNCTION f('ALTER ROLE a')",
            "CREATE SEQUENCE s OWNED BY t.a",
            "ALTER SEQUENCE s OWNED BY shop.t.a",
            "REINDEX TABLE t",
            "REINDEX INDEX CONCURRENTLY i",
            "VACUUM t",
            "LISTEN a",
            "NOTIFY a, 'b'",
            "PREPARE s AS SELECT 1",
            "EXECUTE s('ALTER ROLE a')",
            "SELECT load FROM t",
            "SELECT checkpoint FROM t",
            "SELECT current_user, session_user",
            "SELECT * FROM pg_database",
            "SELECT rolname FROM pg_roles",
            "UPDATE users SET role = 'x', password = 'y'",
            "UPDATE t SET a = 1 FROM b WHERE b.c = t.c",
            "DELETE FROM users WHERE role = 'x'",
            "DO $$ BEGIN CREATE TABLE role (a int); END $$",
            "DO $$ BEGIN RAISE NOTICE 'CREATE ROLE a'; END $$",
            "DO $$ BEGIN EXECUTE 'CREATE TABLE t (a int)'; END $$",
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.role := 'a'; IF NEW.x THEN UPDATE t SET a = 1; END IF; RETURN NEW; END $$",
            "CREATE FUNCTION grant_points(u int) RETURNS void LANGUAGE sql AS $$ SELECT 1 $$",
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT a.b.c FROM a.b $$",
            "SELECT substring(a.b.c FROM 2), extract(year FROM a.b.d) FROM a.b",
            "SELECT a IS DISTINCT FROM a.b.c FROM a.b",
            "CREATE VIEW v AS SELECT x.y.z FROM x.y",
            "CREATE TYPE role AS ENUM ('user', 'group')",
            "CREATE CAST (text AS role) WITHOUT FUNCTION AS ASSIGNMENT",
            "/* CREATE ROLE a */ SELECT 1",
        ],
    );
}

#[test]
fn sqlite_reaches_other_files() {
    out(
        Sqlite,
        &[
            ("ATTACH 'a.db' AS a", "ATTACH"),
            ("ATTACH DATABASE '/tmp/a.db' AS a", "ATTACH"),
            ("attach database 'file:a.db?mode=ro' as a", "ATTACH"),
            ("ATTACH 'a' || '.db' AS a", "ATTACH"),
            ("ATTACH (SELECT f AS g FROM t) AS a KEY 'x'", "ATTACH"),
            ("ATTACH ? AS a", "ATTACH"),
            ("DETACH a", "database `a`"),
            ("DETACH DATABASE a", "database `a`"),
            ("CREATE TABLE a.t (x)", "database `a`"),
            ("DROP TABLE IF EXISTS \"a\".t", "database `a`"),
            ("INSERT OR REPLACE INTO a.t VALUES (1)", "database `a`"),
            ("INSERT INTO t SELECT * FROM [a].t", "database `a`"),
            ("UPDATE a.t SET x = 1", "database `a`"),
            ("DELETE FROM a.t", "database `a`"),
            ("SELECT a.t.x FROM t", "database `a`"),
            ("CREATE INDEX a.i ON t (x)", "database `a`"),
            ("VACUUM INTO 'b.db'", "VACUUM INTO"),
            ("VACUUM main INTO 'b.db'", "VACUUM INTO"),
            ("SELECT load_extension('x')", "load_extension()"),
            ("SELECT writefile('x', 'y')", "writefile()"),
            ("INSERT INTO t VALUES (readfile('x'))", "readfile()"),
            (
                "PRAGMA temp_store_directory = '/tmp'",
                "PRAGMA temp_store_directory",
            ),
            (
                "CREATE VIRTUAL TABLE t USING csv(filename='x')",
                "USING csv",
            ),
        ],
    );
    home(
        Sqlite,
        &[
            "ATTACH ':memory:' AS a",
            "ATTACH '' AS a",
            "CREATE TABLE main.t (x)",
            "CREATE TEMP TABLE t (x)",
            "INSERT INTO temp.t VALUES (1)",
            "SELECT t.x, t.attach FROM t",
            "SELECT * FROM t JOIN u ON t.x = u.x",
            "SELECT json_extract(t.x, '$.a.b') FROM t",
            "INSERT INTO t VALUES ('ATTACH ''a.db'' AS a') ON CONFLICT DO UPDATE SET x = excluded.x",
            "CREATE TRIGGER r AFTER INSERT ON t BEGIN UPDATE u SET x = NEW.x WHERE u.y = NEW.y; END",
            "VACUUM",
            "PRAGMA foreign_keys = ON",
            "PRAGMA main.user_version = 3",
            "CREATE VIRTUAL TABLE t USING fts5(x)",
            "CREATE TABLE attach (detach)",
        ],
    );
}

#[test]
fn what_is_only_created_reaches_out_later() {
    for (dialect, statement, deferred) in [
        (
            MySql,
            "CREATE PROCEDURE shop.p() DELETE FROM shop.t",
            vec![false, true],
        ),
        (
            MySql,
            "CREATE TRIGGER t BEFORE INSERT ON shop.a FOR EACH ROW INSERT INTO shop.b VALUES (1)",
            vec![false, true],
        ),
        (
            MySql,
            "BEGIN NOT ATOMIC DELETE FROM shop.t; END",
            vec![false],
        ),
        (
            MySql,
            "CREATE PROCEDURE p() BEGIN SET GLOBAL a = 1; END",
            vec![true],
        ),
        (
            Postgres,
            "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ SELECT pg_reload_conf() $$",
            vec![true],
        ),
        (
            Postgres,
            "DO $$ BEGIN PERFORM pg_reload_conf(); END $$",
            vec![false],
        ),
    ] {
        let found: Vec<_> = reaches(dialect, statement)
            .iter()
            .map(|reach| reach.deferred)
            .collect();
        assert_eq!(found, deferred, "{statement}");
    }
}

#[test]
fn the_place_of_a_name_is_exact() {
    let statement = "SET @s = 'ALTER TABLE a COMMENT ''é'', RENAME TO `shop` . b'";
    let found = reaches(MySql, statement);
    assert_eq!(&statement[found[0].range.clone()], "`shop`");
    let ReachKind::Database { object, .. } = &found[0].kind else {
        panic!("{found:?}");
    };
    assert_eq!(&statement[*object..], "b'");
    let statement = "ATTACH ('a' || '.db') AS x";
    assert_eq!(reaches(Sqlite, statement)[0].range, 7..21);
}

#[test]
fn hostile_statements_take_linear_time() {
    let began = std::time::Instant::now();
    for part in [
        "THEN SET ",
        "CASE WHEN ",
        "a.",
        "(",
        "GRANT ",
        "EXECUTE 'DO ",
        "CREATE DEFINER = a EVENT ",
    ] {
        for dialect in Dialect::ALL {
            let _found = reaches(dialect, &part.repeat(20_000));
        }
    }
    assert!(began.elapsed().as_secs() < 60);
}
