//! The tables that models describe.

use migrate_core::Dialect;
use migrate_schema::{Action, Deferrable, Identity, Name};

use crate::package::{models, schema, table, wrong};

#[test]
fn a_table_is_called_as_its_struct_unless_it_says_otherwise() {
    let names = |text: &str| -> Vec<String> {
        let schema = schema(text, Dialect::Postgres);
        schema.tables.keys().map(ToString::to_string).collect()
    };
    assert_eq!(
        names("#[derive(Table)] struct OrderItem { id: i64 }"),
        ["order_item"]
    );
    assert_eq!(
        names(
            "#[derive(Table)] #[table(name = \"items\", schema = \"shop\")] struct OrderItem { id: i64 }"
        ),
        ["shop.items"]
    );
    assert_eq!(
        names("#[derive(Table)] #[table(name = \"shop.items\")] struct OrderItem { id: i64 }"),
        ["shop.items"]
    );
}

#[test]
fn id_is_the_key_unless_another_is() {
    let key = |text: &str| {
        let key = table(text, Dialect::Sqlite).primary_key;
        key.map(|key| key.columns.join(",")).unwrap_or_default()
    };
    assert_eq!(key("#[derive(Table)] struct T { a: i64, id: i64 }"), "id");
    assert_eq!(
        key("#[derive(Table)] struct T { #[column(primary_key)] a: i64, id: i64 }"),
        "a"
    );
    assert_eq!(
        key("#[derive(Table)] #[table(primary_key(b, a))] struct T { a: i64, b: i64, id: i64 }"),
        "b,a"
    );
    assert_eq!(
        key("#[derive(Table)] struct T { #[column(primary_key = false)] id: i64 }"),
        ""
    );
    assert_eq!(
        key("#[derive(Table)] #[table(primary_key())] struct T { id: i64 }"),
        ""
    );
    assert_eq!(key("#[derive(Table)] struct T { a: i64 }"), "");
    // A key is never NULL, although the field may be absent before the insert.
    let table = table(
        "#[derive(Table)] struct T { id: Option<i64> }",
        Dialect::Postgres,
    );
    assert!(!table.columns[0].nullable);
}

#[test]
fn the_database_numbers_a_key_that_is_a_whole_number_of_its_own() {
    let identity = |field: &str, dialect| {
        let text = format!("#[derive(Table)] struct T {{ {field}, other: i64 }}");
        table(&text, dialect).columns[0].identity
    };
    use Dialect::{MySql, Postgres, Sqlite};
    use Identity::{Always, AutoIncrement, ByDefault, Serial};
    for (field, sqlite, postgres, mysql) in [
        ("id: i64", None, Some(ByDefault), Some(AutoIncrement)),
        ("id: i32", None, Some(ByDefault), Some(AutoIncrement)),
        ("id: Uuid", None, None, None),
        ("id: String", None, None, None),
        (
            "#[column(auto_increment = false)] id: i64",
            None,
            None,
            None,
        ),
        (
            "#[column(auto_increment)] id: i64",
            Some(AutoIncrement),
            Some(ByDefault),
            Some(AutoIncrement),
        ),
        (
            "#[column(references = \"users(id)\")] id: i64",
            None,
            None,
            None,
        ),
        (
            "#[column(default = \"next_number()\")] id: i64",
            None,
            None,
            None,
        ),
        ("#[column(type = \"bigint\")] id: i64", None, None, None),
        (
            "#[column(postgres(identity = \"always\"))] id: i64",
            None,
            Some(Always),
            Some(AutoIncrement),
        ),
        (
            "#[column(postgres(identity = serial))] id: i64",
            None,
            Some(Serial),
            Some(AutoIncrement),
        ),
        (
            "#[column(primary_key)] id: i64, #[column(primary_key)] part: i64",
            None,
            None,
            None,
        ),
    ] {
        let found = [Sqlite, Postgres, MySql].map(|dialect| identity(field, dialect));
        assert_eq!(found, [sqlite, postgres, mysql], "{field}");
    }
}

#[test]
fn defaults_are_spelled_for_each_dialect() {
    let default = |said: &str, of: &str| {
        let text = format!("#[derive(Table)] struct T {{ #[column(default = {said})] a: {of} }}");
        Dialect::ALL.map(|dialect| {
            table(&text, dialect).columns[0]
                .default
                .clone()
                .unwrap_or_default()
        })
    };
    assert_eq!(default("0", "i64"), ["0", "0", "0"]);
    assert_eq!(default("-1.5", "f64"), ["-1.5", "-1.5", "-1.5"]);
    assert_eq!(default("true", "bool"), ["1", "true", "1"]);
    assert_eq!(default("\"'new'\"", "String"), ["'new'", "'new'", "'new'"]);
    assert_eq!(
        default("\"now()\"", "DateTime<Utc>"),
        ["CURRENT_TIMESTAMP", "now()", "CURRENT_TIMESTAMP(6)"]
    );
    let own = "#[derive(Table)] struct T { #[column(default = 1, sqlite(default = \"random()\"), mysql(default = none))] a: i64 }";
    let found = Dialect::ALL.map(|dialect| table(own, dialect).columns[0].default.clone());
    assert_eq!(
        found,
        [Some("random()".to_owned()), Some("1".to_owned()), None]
    );
}

#[test]
fn everything_that_a_column_can_say() {
    let text = r#"
        /// The people.
        #[derive(Table)]
        #[table(comment)]
        struct T {
            id: i64,
            /// Where to write to.
            #[column(unique, index(name = "by_mail", method = "hash"), comment, type = "varchar(99)",
                     postgres(type = "citext", collate = "und-x-icu"), check = "email <> ''")]
            email: String,
            #[column(references = "people", on_delete = "set null", on_update = cascade, deferrable = "initially deferred")]
            parent: Option<i64>,
            #[column(references = "shop.orders(number)", comment = "the last")]
            last_order: i64,
            #[column(generated = "lower(email)")]
            small: String,
            #[column(generated = "length(email)", virtual)]
            length: i32,
            #[column(mysql(on_update = "CURRENT_TIMESTAMP(6)"), default = "now()")]
            changed: chrono::NaiveDateTime,
            #[column(nullable, unique(name = "one_token", nulls_not_distinct, deferrable))]
            token: MaybeToken,
            #[column(skip)]
            cache: Cache,
        }
        type MaybeToken = String;
    "#;
    insta::assert_debug_snapshot!(table(text, Dialect::Postgres));
    let mysql = table(text, Dialect::MySql);
    let email = mysql.column("email").expect("a column");
    assert_eq!(
        (email.sql_type.as_str(), email.collation.as_deref()),
        ("varchar(99)", None)
    );
    // MariaDB accepts no NOT NULL on a generated column.
    assert!(mysql.column("small").expect("a column").nullable);
    let changed = mysql.column("changed").expect("a column");
    assert_eq!(changed.on_update.as_deref(), Some("CURRENT_TIMESTAMP(6)"));
}

#[test]
fn everything_that_a_table_can_say() {
    let text = r#"
        #[derive(Table)]
        #[table(
            name = "members", comment = "who is where",
            primary_key(columns(team, user), name = "members_key"),
            unique(team, mail), unique(columns(user), name = "one_team", include(mail)),
            index(mail), index(columns(expr("lower(mail)"), team desc nulls_last, user collate = "C" class = "text_ops"),
                               unique, where = "team > 0", name = "odd", include(mail), method = "btree"),
            check = "team <> user", check(expression = "team > 0", name = "positive"),
            foreign_key(columns(team, user), references = "pairs(a, b)", on_delete = "cascade", name = "to_pairs"),
            sqlite(strict, without_rowid), mysql(engine = "InnoDB", charset = "utf8mb4", index(mail length = 10)),
            postgres(index(columns(mail), method = "gin", name = "search"))
        )]
        struct Member { team: i64, user: i64, mail: String, when: time::OffsetDateTime }
    "#;
    insta::assert_debug_snapshot!(table(text, Dialect::Postgres));
    let sqlite = table(text, Dialect::Sqlite);
    assert_eq!(
        sqlite.options.keywords().collect::<Vec<_>>(),
        ["STRICT", "WITHOUT ROWID"]
    );
    // STRICT tables have five types.
    assert_eq!(sqlite.column("when").expect("a column").sql_type, "TEXT");
    assert!(!sqlite.indexes.contains_key("search"));
    assert_eq!(sqlite.foreign_keys[0].on_delete, Action::Cascade);
    assert_eq!(
        sqlite.primary_key.expect("a key").deferrable,
        Deferrable::No
    );
    let mysql_options = models(text).schema(Dialect::MySql);
    // Two indexes on `mail` would have one name there.
    assert!(mysql_options.is_err());
}

#[test]
fn a_reference_without_columns_means_the_key() {
    let text = "#[derive(Table)] struct User { #[column(primary_key)] email: String }\n#[derive(Table)] struct Post { id: i64, #[column(references = \"user\")] by: String, #[column(references = \"elsewhere\")] there: i64 }";
    let schema = schema(text, Dialect::Postgres);
    let keys = &schema.tables[&Name::plain("post")].foreign_keys;
    assert_eq!(keys[0].references, ["email"]);
    assert_eq!(keys[1].references, ["id"]);
}

#[test]
fn partial_and_ignored_structs_describe_no_table() {
    let text = "#[derive(Table)] struct User { id: i64, email: String }\n#[derive(Table)] #[table(name = \"user\", partial)] struct Name { email: String }\n#[derive(Table)] #[table(ignore)] struct View { total: i64 }";
    let schema = schema(text, Dialect::Postgres);
    assert_eq!(schema.tables.len(), 1);
    assert_eq!(schema.tables[&Name::plain("user")].columns.len(), 2);
}

#[test]
fn renames_are_distinguished_from_additions() {
    let models = models(
        "#[derive(Table)] #[table(name = \"accounts\", schema = \"app\", rename_from = \"users\")] struct A { id: i64, #[column(rename_from = \"mail\")] email: String }",
    );
    let renames = models.renames();
    assert_eq!(
        renames.tables[&Name::from("app.accounts")],
        Name::from("app.users")
    );
    assert_eq!(
        renames.columns[&(Name::from("app.accounts"), "email".to_owned())],
        "mail"
    );
}

#[test]
fn long_index_names_are_cut_where_the_database_would_and_stay_apart() {
    let text = "#[derive(Table)] #[table(name = \"a_table_with_a_really_long_name\", index(a_column_with_a_long_name_too, x), index(a_column_with_a_long_name_too, y))] struct T { a_column_with_a_long_name_too: i64, x: i64, y: i64 }";
    let table = table(text, Dialect::Postgres);
    assert_eq!(table.indexes.len(), 2);
    assert!(
        table
            .indexes
            .keys()
            .all(|name| name.len() <= 63 && name.ends_with("_idx"))
    );
}

#[test]
fn keys_of_columns_that_are_not_there() {
    insta::assert_snapshot!(wrong(
        "#[derive(Table)]\n#[table(unique(emial), index(nothing), primary_key(userName))]\nstruct T {\n    id: i64,\n    email: String,\n    #[sqlx(rename = \"userName\")]\n    user_name: String,\n}\n#[derive(Table)]\n#[table(index(user_name))]\nstruct U {\n    #[sqlx(rename = \"userName\")]\n    user_name: String,\n}\n"
    ));
}

#[test]
fn references_to_what_is_not_there() {
    insta::assert_snapshot!(wrong(
        "#[derive(Table)]\nstruct T {\n    id: i64,\n    #[column(references = \"t(x)\")]\n    a: i64,\n    #[column(on_delete = \"cascade\")]\n    b: i64,\n    #[column(references = \"other(a, b)\")]\n    c: i64,\n}\n"
    ));
}

#[test]
fn two_structs_of_one_table() {
    insta::assert_snapshot!(wrong("#[derive(Table)]\nstruct User { id: i64 }\n#[derive(Table)]\n#[table(name = \"user\")]\nstruct Other { id: i64 }\n"), @r"
    error[duplicate-table]: `User` and `Other` both describe the table `user`
     --> src/lib.rs:5:8
      |
    5 | struct Other { id: i64 }
      |        ^^^^^
      |
      = help: mark the one that has only some of the columns: `#[table(partial)]`
    ");
}

#[test]
fn two_enums_of_one_name() {
    let rendered = wrong(
        "mod a { #[derive(Type)] pub enum S { A } } mod b { #[derive(Type)] pub enum S { B } }\n#[derive(Table)]\nstruct T { a: a::S, b: b::S }\n",
    );
    assert!(
        rendered.contains("another enum with different values has the database type `S`"),
        "{rendered}"
    );
}

#[test]
fn the_documentation_says_nothing_that_is_not_so() {
    let page = include_str!("../../../docs/models.md");
    let blocks: Vec<&str> = page
        .split("```rust\n")
        .skip(1)
        .map(|rest| rest.split("```").next().expect("a block ends"))
        .collect();
    assert!(blocks.len() >= 3, "{}", blocks.len());
    for block in blocks {
        let text = if block.contains("struct ") {
            block.to_owned()
        } else if block.starts_with("#[table(") {
            format!(
                "#[derive(Table)] {block} struct T {{ id: i64, team: i64, user: i64, mail: String, body: String }}"
            )
        } else {
            format!("#[derive(Table)] struct T {{ id: i64, {block} a: String }}")
        };
        for dialect in Dialect::ALL {
            schema(&text, dialect);
        }
    }
}
