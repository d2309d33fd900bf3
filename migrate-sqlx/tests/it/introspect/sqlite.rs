//! Features of SQLite alone.

use migrate_sqlx::Dialect;
use migrate_sqlx::schema::{Action, Deferrable, Identity, Schema};

use super::{read_url, shop, table, with_sql};

async fn shop_of(name: &str) -> (migrate_tests::TestDatabase, Schema) {
    let name = format!("introspect sqlite {name}");
    with_sql(Dialect::Sqlite, &name, shop(Dialect::Sqlite)).await
}

#[tokio::test]
async fn columns() {
    let (_database, schema) = shop_of("columns").await;
    let users = table(&schema, "users");
    let id = users.column("id").unwrap();
    assert_eq!(
        (id.nullable, id.identity),
        (false, Some(Identity::AutoIncrement))
    );
    for (column, expected) in [
        ("name", Some("'nobo''dy'")),
        ("score", Some("-1.5e-3")),
        ("born", Some("CURRENT_TIMESTAMP")),
        ("made", Some("(datetime('now', '('))")),
        ("flag", Some("TRUE")),
        ("picture", Some("x'dead'")),
        ("untyped", None),
    ] {
        assert_eq!(
            users.column(column).unwrap().default.as_deref(),
            expected,
            "{column}"
        );
    }
    assert_eq!(
        users.column("email").unwrap().collation.as_deref(),
        Some("NOCASE")
    );
    assert_eq!(
        users
            .column("name")
            .unwrap()
            .options
            .value("ON CONFLICT")
            .unwrap(),
        "IGNORE"
    );
    let generated = |name: &str| users.column(name).unwrap().generated.clone().unwrap();
    assert_eq!(generated("both").expression, "name || ' ' || email");
    assert!(generated("both").stored && !generated("half").stored);
    let roles = table(&schema, "roles").column("id").unwrap();
    assert_eq!((roles.nullable, roles.identity), (false, None));
    // No alias of the rowid: `PRIMARY KEY DESC` takes NULL.
    assert!(table(&schema, "descending").columns[0].nullable);
    assert!(table(&schema, "parent_key").columns[0].nullable);

    let of_generated = table(&schema, "of_generated");
    assert_eq!(of_generated.columns[0].generated, None);
    assert!(of_generated.columns[1].generated.is_some());
    let keywords = &table(&schema, "keywords").columns;
    let keywords: Vec<(&str, &str)> = keywords
        .iter()
        .map(|column| (column.name.as_str(), column.sql_type.as_str()))
        .collect();
    assert_eq!(keywords[4..6], [("generated", "INT"), ("always", "TEXT")]);
    assert_eq!(keywords[8], ("row", "varchar ( 20 )"));
}

#[tokio::test]
async fn constraints() {
    let (_database, schema) = shop_of("constraints").await;
    let users = table(&schema, "users");
    assert_eq!(users.uniques[0].name.as_deref(), Some("users_email_unique"));
    assert_eq!(
        users.uniques[0].options.value("ON CONFLICT").unwrap(),
        "REPLACE"
    );
    let checks: Vec<(Option<&str>, &str)> = users
        .checks
        .iter()
        .map(|check| (check.name.as_deref(), check.expression.as_str()))
        .collect();
    assert_eq!(
        checks,
        [
            (Some("long_enough"), "length(name) > 1 AND name <> ')'"),
            (None, "score < 100"),
            (None, "score > -2"),
        ]
    );
    let user_roles = table(&schema, "user_roles");
    let of = |column: &str| {
        let keys = &user_roles.foreign_keys;
        keys.iter().find(|key| key.columns == [column]).unwrap()
    };
    // A key that names no columns points to the primary key, in whichever case it is written.
    assert_eq!(
        (
            of("user_id").table.name.as_str(),
            &of("user_id").references[..]
        ),
        ("users", &["id".to_owned()][..])
    );
    assert_eq!(
        (of("user_id").on_delete, of("user_id").on_update),
        (Action::Cascade, Action::SetNull)
    );
    assert_eq!(of("role_id").name.as_deref(), Some("to_role"));
    assert_eq!(
        (
            of("role_id").references[0].as_str(),
            of("role_id").deferrable
        ),
        ("id", Deferrable::Deferred)
    );
    assert_eq!(of("by").on_delete, Action::Restrict);
    assert_eq!(
        user_roles.primary_key.as_ref().unwrap().qualifiers["role_id"],
        "DESC"
    );
    assert!(user_roles.options.has("WITHOUT ROWID"));

    let parts = table(&schema, "in_parts");
    assert_eq!(
        (
            parts.uniques.len(),
            parts.checks.len(),
            parts.foreign_keys.len()
        ),
        (1, 1, 2)
    );
    assert_eq!(parts.checks[0].name.as_deref(), Some("no_comma"));
    assert_eq!(parts.foreign_keys[0].deferrable, Deferrable::Immediate);
    assert_eq!(parts.foreign_keys[1].name.as_deref(), Some("with_name"));
    assert_eq!(
        table(&schema, "child_key").foreign_keys[0].references,
        ["b", "a"]
    );
    assert_eq!(table(&schema, "dangling").foreign_keys.len(), 2);
    let both = table(&schema, "both_options");
    let key = both.primary_key.as_ref().unwrap();
    assert_eq!(
        (key.name.as_deref(), key.qualifiers["word"].as_str()),
        (Some("pk"), "COLLATE NOCASE")
    );
    assert_eq!(
        both.options.keywords().collect::<Vec<_>>(),
        ["STRICT", "WITHOUT ROWID"]
    );
    // An ALTER TABLE leaves a text that nobody wrote.
    let changed = table(&schema, "re named");
    assert_eq!(changed.columns[0].name, "new a");
    assert_eq!(changed.checks[0].expression, "b <> 'y'");
    assert_eq!(changed.foreign_keys[0].on_delete, Action::Cascade);
}

#[tokio::test]
async fn indexes_views_triggers_and_virtual_tables() {
    let (_database, schema) = shop_of("objects").await;
    let indexes = &table(&schema, "users").indexes;
    let name = &indexes["users_name"];
    assert_eq!(name.predicate.as_deref(), Some("score > 1 AND name <> 'x'"));
    assert_eq!(
        (name.parts[0].collation.as_deref(), name.parts[0].descending),
        (Some("RTRIM"), true)
    );
    assert_eq!(
        (name.parts[1].over.as_str(), name.parts[1].expression),
        ("lower(email)", true)
    );
    assert_eq!(name.parts[1].collation.as_deref(), Some("NOCASE"));
    let expression = &indexes["expression"];
    assert_eq!(expression.parts[0].over, "score * (2 + 1)");
    assert!(expression.parts[0].descending && !expression.parts[1].expression);
    let odd = &table(&schema, "order").indexes["odd \"index"];
    assert!(odd.unique);
    assert_eq!(
        (odd.parts[0].over.as_str(), odd.parts[1].over.as_str()),
        ("text", "group")
    );
    assert_eq!(table(&schema, "order").columns[4].name, "a.b\"c");

    let active = &schema.views[&"active".into()];
    assert_eq!(active.columns, ["id", "full name"]);
    assert_eq!(
        active.definition,
        "SELECT id, name FROM users WHERE score > 0"
    );
    assert!(active.triggers["active_insert"].contains("INSTEAD OF INSERT"));
    assert!(schema.views.contains_key(&"broken".into()));
    assert!(table(&schema, "users").triggers["users_made"].ends_with("SELECT 1; END"));

    assert_eq!(
        table(&schema, "docs").options.value("USING").unwrap(),
        "fts5(title, body, tokenize = 'porter ascii', content = '')"
    );
    // Neither the shadow tables of virtual ones nor SQLite's own; a name that begins alike stays.
    let names: Vec<&str> = schema
        .tables
        .keys()
        .map(|name| name.name.as_str())
        .collect();
    let strange = |name: &&&str| {
        name.starts_with("docs_") || name.starts_with("boxes_") || name.starts_with("sqlite_")
    };
    assert_eq!(
        names.iter().filter(strange).collect::<Vec<_>>(),
        [&"docs_real"]
    );
}

#[tokio::test]
async fn a_file_that_may_only_be_read_is_read() {
    let (database, schema) = shop_of("read only").await;
    let (path, _) = database.url().split_once('?').unwrap();
    assert_eq!(read_url(&format!("{path}?mode=ro")).await, schema);
}
