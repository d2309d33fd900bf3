//! Features of MySQL and MariaDB alone.

use migrate_sqlx::Dialect;
use migrate_sqlx::schema::{Action, Check, Identity, Name, Schema, Table};

use migrate_tests::TestDatabase;

use super::{read_url, table, with_shop, with_sql};
use crate::chain::migrations;
use crate::scenarios::run;

async fn shop_of(name: &str) -> (TestDatabase, Schema) {
    with_shop(Dialect::MySql, &format!("introspect mysql {name}")).await
}

fn default<'a>(table: &'a Table, column: &str) -> Option<&'a str> {
    table.column(column).unwrap().default.as_deref()
}

#[tokio::test]
async fn columns() {
    let (database, schema) = shop_of("columns").await;
    let mariadb = database.is_mariadb().await;
    let users = table(&schema, "users");
    let id = users.column("id").unwrap();
    assert_eq!(
        (id.sql_type.as_str(), id.identity),
        (
            if mariadb {
                "bigint(20) unsigned"
            } else {
                "bigint unsigned"
            },
            Some(Identity::AutoIncrement)
        )
    );
    assert_eq!(
        (id.nullable, id.comment.as_deref()),
        (false, Some("The 'key'"))
    );
    assert_eq!(
        users.column("email").unwrap().collation.as_deref(),
        Some("ascii_bin")
    );
    assert_eq!(users.column("name").unwrap().collation, None);
    let of_server: &[(&str, &str)] = match mariadb {
        true => &[
            ("empty", "''"),
            ("made", "current_timestamp()"),
            ("token", "uuid()"),
        ],
        false => &[
            ("nothing", "''"),
            ("made", "CURRENT_TIMESTAMP"),
            ("token", "(uuid())"),
            ("back", r#"'a\\b''c"d'"#),
            ("story", r"(_utf8mb4'it\'s a \\ story')"),
            ("list", "(_utf8mb4'[]')"),
            ("settings", r"(json_object(_utf8mb4'a',_utf8mb4'it\'s'))"),
            ("today", "((curdate() + interval 1 day))"),
            ("raw_bytes", "0x00FF27"),
            ("smile", "0xF09F9880"),
        ],
    };
    for (column, expected) in [
        ("email", None),
        ("name", Some("'nobo''dy'")),
        ("nick", None),
        ("word_null", Some("'NULL'")),
        ("flag", Some("1")),
        ("kind", Some("'a'")),
    ] {
        assert_eq!(default(users, column), expected, "{column}");
    }
    for (column, expected) in of_server {
        assert_eq!(default(users, column), Some(*expected), "{column}");
    }
    let changed = users.column("changed").unwrap().on_update.as_deref();
    assert_eq!(
        changed.map(str::to_ascii_lowercase).as_deref(),
        Some("current_timestamp(3)")
    );
    let generated = |name: &str| users.column(name).unwrap().generated.clone().unwrap();
    assert_eq!(
        (generated("lower_name").stored, generated("twice").stored),
        (false, true)
    );
    let twice = generated("twice").expression;
    assert_eq!(twice.trim_matches(['(', ')']), "`score` * 2");
    if !mariadb {
        assert_eq!(
            generated("quoted").expression,
            r#"concat(`name`,_utf8mb4'\'',_utf8mb4'\\',_utf8mb4'"',_utf8mb4'ü😀',_utf8mb4'%_\n')"#
        );
        assert_eq!(
            users
                .column("place")
                .unwrap()
                .options
                .value("SRID")
                .unwrap(),
            "4326"
        );
    }
    assert!(users.column("hidden").unwrap().options.has("INVISIBLE"));
}

#[tokio::test]
async fn keys_and_indexes() {
    let (database, schema) = shop_of("indexes").await;
    let users = table(&schema, "users");
    assert_eq!(users.uniques.len(), 1);
    assert_eq!(users.uniques[0].name.as_deref(), Some("users_email"));
    let prefix = &users.indexes["by_prefix"];
    assert!(prefix.unique);
    assert_eq!(
        (prefix.parts[0].prefix, prefix.parts[1].prefix),
        (Some(10), None)
    );
    assert!(users.indexes["by_name"].parts[0].descending);
    assert_eq!(users.indexes["by_nick"].comment.as_deref(), Some("Nick"));
    assert_eq!(users.indexes["words"].method.as_deref(), Some("FULLTEXT"));
    assert!(users.indexes["ignored_one"].options.has("IGNORED"));
    let spatial = &table(&schema, "geo").indexes["at_index"];
    assert_eq!(
        (spatial.method.as_deref(), spatial.parts[0].prefix),
        (Some("SPATIAL"), None)
    );
    let long = table(&schema, "long_keys").primary_key.as_ref().unwrap();
    assert_eq!(long.qualifiers["a"], "(30)");
    assert_eq!(
        table(&schema, "in_memory").indexes["n_hash"]
            .method
            .as_deref(),
        Some("HASH")
    );

    let keys = &table(&schema, "user_roles").foreign_keys;
    let named = |name: &str| {
        keys.iter()
            .find(|key| key.name.as_deref() == Some(name))
            .unwrap()
    };
    assert_eq!(
        (named("to_user").on_delete, named("to_user").on_update),
        (Action::Cascade, Action::Cascade)
    );
    // RESTRICT and NO ACTION are the same here.
    assert!(
        keys.iter()
            .any(|key| key.columns == ["role_id"] && key.on_delete == Action::NoAction)
    );
    assert_eq!(named("to_pair").columns, ["parent", "role_id"]);
    assert_eq!(named("to_pair").references, ["user_id", "role_id"]);

    let checks = &users.checks;
    let of_column: Vec<&str> = checks
        .iter()
        .filter_map(|check| check.options.value("COLUMN"))
        .collect();
    // MySQL keeps none, and its JSON is a type.
    match database.is_mariadb().await {
        true => assert_eq!(of_column, ["positive", "settings"]),
        false => {
            assert!(of_column.is_empty(), "{of_column:?}");
            let check = |name: &str| {
                let named = |check: &&Check| check.name.as_deref() == Some(name);
                checks.iter().find(named).unwrap()
            };
            assert_eq!(check("users_chk_1").expression, "(`positive` > 0)");
            assert!(check("odd`check").options.has("NOT ENFORCED"));
            let expressions: Vec<&str> = users.indexes["by_text"]
                .parts
                .iter()
                .filter(|part| part.expression)
                .map(|part| part.over.as_str())
                .collect();
            assert_eq!(
                expressions,
                ["lower(`name`)", r"concat(`nothing`,_utf8mb4'it\'s \\')"]
            );
            assert!(users.indexes["unique_hidden"].options.has("IGNORED"));
        }
    }
    assert!(
        checks
            .iter()
            .any(|check| check.name.as_deref() == Some("odd`check"))
    );
}

#[tokio::test]
async fn tables_and_code() {
    let (database, schema) = shop_of("code").await;
    let mariadb = database.is_mariadb().await;
    let users = table(&schema, "users");
    assert_eq!(users.comment.as_deref(), Some("People"));
    assert_eq!(
        (
            users.options.value("ENGINE").unwrap(),
            users.options.value("ROW_FORMAT").unwrap()
        ),
        ("InnoDB", "DYNAMIC")
    );
    assert_eq!(
        table(&schema, "roles").options.value("COLLATE").unwrap(),
        "latin1_swedish_ci"
    );
    assert_eq!(
        table(&schema, "parted")
            .options
            .value("PARTITION BY")
            .unwrap(),
        "RANGE (year(`at`)) SUBPARTITION BY HASH (`id`) SUBPARTITIONS 2 (PARTITION `p0` VALUES LESS THAN (2000), PARTITION `p1` VALUES LESS THAN (2010), PARTITION `p max` VALUES LESS THAN MAXVALUE)"
    );
    assert_eq!(
        table(&schema, "parted_list")
            .options
            .value("PARTITION BY")
            .unwrap()
            .replace("(city)", "(`city`)"),
        "LIST COLUMNS(`city`) (PARTITION `a` VALUES IN ('x','y'), PARTITION `b` VALUES IN ('z'))"
    );
    if mariadb {
        let versioned = &table(&schema, "versioned").options;
        assert!(versioned.has("WITH SYSTEM VERSIONING"));
    } else {
        let by_key = table(&schema, "parted_key")
            .options
            .value("PARTITION BY")
            .unwrap();
        assert_eq!(by_key, "KEY () PARTITIONS 2");
    }
    let odd = &table(&schema, "order").columns;
    let odd: Vec<&str> = odd.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(odd, ["select", "a.b", "say `hi`", "größe", "With Space"]);

    let (session, second) = users.triggers["a_second"].split_once(";\n").unwrap();
    assert!(session.starts_with("SET sql_mode = '"), "{session}");
    assert!(second.starts_with(
        "CREATE TRIGGER `a_second` BEFORE INSERT ON `users` FOR EACH ROW FOLLOWS `z_first`\nBEGIN"
    ));
    assert!(!users.triggers["z_first"].contains("FOLLOWS"));
    let routines: Vec<String> = schema.routines.keys().map(ToString::to_string).collect();
    assert_eq!(
        routines,
        [
            "function twice_of()",
            "procedure clean()",
            "procedure twice_of()"
        ]
    );
    let definitions: Vec<&str> = schema
        .routines
        .values()
        .filter_map(|routine| routine.definition.as_deref())
        .collect();
    let statements: Vec<&str> = definitions
        .iter()
        .map(|definition| definition.split_once(";\n").unwrap().1)
        .collect();
    let width = if mariadb { "(20)" } else { "" };
    assert_eq!(
        statements[0],
        format!(
            "CREATE FUNCTION `twice_of`(n int) RETURNS bigint{width}\n    NO SQL\n    DETERMINISTIC\n    COMMENT 'Two'\nRETURN n * 2"
        )
    );
    assert!(statements[1].starts_with("CREATE PROCEDURE `clean`(IN days int, OUT done varchar(10), INOUT both_ways decimal(10,2))\n    MODIFIES SQL DATA\n    SQL SECURITY INVOKER\nBEGIN"), "{}", statements[1]);
    if mariadb {
        let numbers = &schema.sequences[&"ticket_numbers".into()];
        assert_eq!(
            (
                numbers.start,
                numbers.increment,
                numbers.cache,
                numbers.cycle
            ),
            (100, 5, 7, true)
        );
    }

    let checked = &schema.views[&"checked".into()];
    let (selected, of_mysql): (_, &[(&str, &str)]) = match mariadb {
        true => ("`roles`.`id` AS `a`,`roles`.`title` AS `b`", &[]),
        false => (
            "`roles`.`id` AS `id`,`roles`.`title` AS `title`",
            &[("COLUMNS", "(`a`,`b`)")],
        ),
    };
    assert_eq!(
        checked.definition.replace(['(', ')'], ""),
        format!("select {selected} from `roles` where `roles`.`id` > 1")
    );
    let options: Vec<(&str, &str)> = checked.options.values().collect();
    let algorithm_and_check = [("ALGORITHM", "MERGE"), ("CHECK OPTION", "CASCADED")];
    let security = [("SQL SECURITY", "INVOKER")];
    assert_eq!(
        options,
        [&algorithm_and_check, of_mysql, &security].concat()
    );
    assert!(
        schema.views[&"over_view".into()]
            .definition
            .contains("`twice_of`(`active`.`roles`)")
    );
}

/// The server writes the database's name before those of tables, and an alias can be the same.
#[tokio::test]
async fn no_text_names_the_database() {
    let name = "introspect mysql own name";
    let (database, _) = with_sql(Dialect::MySql, name, "SELECT 1").await;
    let (_, own) = database.url().rsplit_once('/').unwrap();
    // Only MariaDB has what a default can name the database with.
    let mariadb = database.is_mariadb().await;
    let (sequence, numbered) = match mariadb {
        true => ("CREATE SEQUENCE numbers;", "DEFAULT nextval(numbers)"),
        false => ("", ""),
    };
    database
        .execute(&format!(
            "{sequence} CREATE TABLE t (id bigint {numbered}, `{own}` int); CREATE TABLE `{own}` (id int, t int);
             CREATE VIEW v1 AS SELECT id, `{own}` FROM t; CREATE VIEW v2 AS SELECT x.id, `{own}`.t AS y FROM `{own}`, t x WHERE x.id = 'in `{own}`.`t`';
             CREATE VIEW v3 AS SELECT `{own}`.id FROM t AS `{own}`"
        ))
        .await;
    let schema = read_url(database.url()).await;
    assert_eq!(
        default(table(&schema, "t"), "id"),
        mariadb.then_some("nextval(`numbers`)")
    );
    let view = |name: &str| schema.views[&Name::plain(name)].definition.clone();
    assert_eq!(
        view("v1"),
        format!("select `t`.`id` AS `id`,`t`.`{own}` AS `{own}` from `t`")
    );
    let v2 = view("v2");
    assert!(
        v2.starts_with(&format!("select `x`.`id` AS `id`,`{own}`.`t` AS `y` from ")),
        "{v2}"
    );
    let literal = format!("= 'in `{own}`.`t`'");
    assert!(v2.trim_end_matches(')').ends_with(&literal), "{v2}");
    assert!(!v2.contains(&format!("`{own}`.`{own}`")), "{v2}");
    assert_eq!(
        view("v3"),
        format!("select `{own}`.`id` AS `id` from `t` `{own}`")
    );
}

/// MySQL takes a body to the end of the statement, and what is dumped with a semicolon does not load.
#[tokio::test]
async fn the_body_of_what_a_revision_makes_ends_with_it() {
    let database = TestDatabase::create(Dialect::MySql, "introspect mysql bodies").await;
    let up = "CREATE TABLE t (a INT);
CREATE TRIGGER first_one BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1;
CREATE DEFINER = CURRENT_USER FUNCTION two() RETURNS INT DETERMINISTIC RETURN 2;
CREATE PROCEDURE three() BEGIN SELECT 3; END;
CREATE EVENT four ON SCHEDULE EVERY 1 DAY DO DELETE FROM t;
CREATE TABLE u (a INT);";
    let chain = migrations(&[("a", up, "DROP TABLE t;")]);
    run(&database, &chain).await.unwrap();
    let bodies = database
        .rows(
            "SELECT ACTION_STATEMENT FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()
             UNION ALL SELECT ROUTINE_DEFINITION FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE()
             UNION ALL SELECT EVENT_DEFINITION FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE()",
        )
        .await;
    let mut bodies: Vec<String> = bodies.into_iter().flatten().collect();
    bodies.sort();
    assert_eq!(
        bodies,
        [
            "BEGIN SELECT 3; END",
            "DELETE FROM t",
            "RETURN 2",
            "SET NEW.a = 1"
        ]
    );
}

#[tokio::test]
async fn a_user_who_may_only_look_reads_the_same() {
    let (database, schema) = shop_of("rights").await;
    let (server, own) = database.url().rsplit_once('/').unwrap();
    // What lets somebody see the text of a routine that is not theirs.
    let routines = match database.is_mariadb().await {
        true => "SELECT ON mysql.proc",
        false => "SHOW_ROUTINE ON *.*",
    };
    database
        .execute(&format!("DROP USER IF EXISTS introspect_looks; CREATE USER introspect_looks IDENTIFIED BY 'x'; GRANT SELECT, SHOW VIEW, TRIGGER ON {own}.* TO introspect_looks; GRANT {routines} TO introspect_looks"))
        .await;
    let (_, place) = server.rsplit_once('@').unwrap();
    assert_eq!(
        read_url(&format!("mysql://introspect_looks:x@{place}/{own}")).await,
        schema
    );
}

#[tokio::test]
async fn what_is_not_carried_is_named() {
    let sql = "CREATE EVENT once ON SCHEDULE AT '2036-01-01' DISABLE DO SELECT 1;
        CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1;
        CREATE FUNCTION f(a varchar(9)) RETURNS int DETERMINISTIC RETURN 1;";
    let (database, schema) = with_sql(Dialect::MySql, "mysql not carried", sql).await;
    let named = |schema: &Schema| -> Vec<String> {
        schema.not_carried.iter().map(ToString::to_string).collect()
    };
    assert_eq!(named(&schema), ["event that runs once `once`"]);
    assert!(schema.events.contains_key(&Name::plain("nightly")));

    // The function's text parameters have the collation that the database had.
    let (_, own) = database.url().rsplit_once('/').unwrap();
    database
        .execute(&format!("ALTER DATABASE {own} COLLATE utf8mb4_bin"))
        .await;
    if database.is_mariadb().await {
        database
            .execute(
                "CREATE TABLE t (a int) WITH SYSTEM VERSIONING PARTITION BY SYSTEM_TIME INTERVAL 1 DAY (PARTITION p0 HISTORY, PARTITION pn CURRENT);
                 SET sql_mode = ORACLE; CREATE PACKAGE pack AS PROCEDURE p; END",
            )
            .await;
    }
    let of_both = [
        "database collation of event `nightly`",
        "database collation of function `f`",
        "event that runs once `once`",
    ];
    let of_mariadb = ["package `pack`", "start of the history of table `t`"];
    let mut expected = of_both.to_vec();
    if database.is_mariadb().await {
        expected.extend(of_mariadb);
    }
    assert_eq!(named(&read_url(database.url()).await), expected);
}

/// A user who may see a table, and not how it was created, reads the others.
#[tokio::test]
async fn what_may_not_be_seen_is_named() {
    let sql =
        "CREATE TABLE seen (a int); CREATE TABLE written (a int); CREATE VIEW v AS SELECT 1 AS x";
    let (database, _) = with_sql(Dialect::MySql, "mysql hidden", sql).await;
    let (server, own) = database.url().rsplit_once('/').unwrap();
    database
        .execute(&format!("DROP USER IF EXISTS introspect_hides; CREATE USER introspect_hides IDENTIFIED BY 'x'; GRANT SELECT ON {own}.seen TO introspect_hides; GRANT SELECT (a) ON {own}.written TO introspect_hides"))
        .await;
    let (_, place) = server.rsplit_once('@').unwrap();
    let url = format!("mysql://introspect_hides:x@{place}/{own}");
    let schema = read_url(&url).await;
    assert!(schema.tables.contains_key(&Name::plain("seen")));
    let shown = TestDatabase::existing(&url)
        .rows("SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_NAME = 'written' AND TABLE_SCHEMA = DATABASE()")
        .await;
    let named: Vec<String> = schema.not_carried.iter().map(ToString::to_string).collect();
    assert_eq!(shown[0][0], "1");
    assert_eq!(named, ["hidden table `written`"]);
}
