//! Compares structs with their tables, as the derive does.

use std::collections::BTreeMap;

use migrate_core::{Code, Dialect, Severity};
use migrate_models::Derived;
use migrate_schema::{Column, Generated, Identity, Key, Table};

fn column(name: &str, sql_type: &str) -> Column {
    Column {
        name: name.to_owned(),
        sql_type: sql_type.to_owned(),
        ..Column::default()
    }
}

fn table(columns: Vec<Column>) -> Table {
    Table {
        columns,
        ..Table::default()
    }
}

/// Returns the disagreements between a struct and its table in some dialects.
fn found(text: &str, tables: &[(Dialect, Option<Table>)]) -> Vec<(Code, Severity)> {
    let derived = Derived::read(text.parse().expect("tokens")).expect("an item");
    assert!(derived.problems.is_empty(), "{:?}", derived.problems);
    let tables: BTreeMap<_, _> = tables.iter().cloned().collect();
    let problems = derived.model.expect("a model").check(&tables);
    let found = problems
        .iter()
        .map(|problem| (problem.code, problem.severity));
    found.collect()
}

const ERROR: Severity = Severity::Error;

#[test]
fn a_struct_that_fits_is_fine_in_every_dialect() {
    let text = "struct User { id: i64, email: String, at: DateTime<Utc>, role: Role }";
    let tables = [
        (Dialect::Sqlite, ["INTEGER", "TEXT", "DATETIME", "TEXT"]),
        (
            Dialect::Postgres,
            ["bigint", "text", "timestamp with time zone", "role"],
        ),
        (
            Dialect::MySql,
            ["bigint(20)", "varchar(255)", "timestamp(6)", "enum('a')"],
        ),
    ];
    let tables = tables.map(|(dialect, [id, email, at, role])| {
        let columns = vec![
            column("id", id),
            column("email", email),
            column("at", at),
            column("role", role),
        ];
        (dialect, Some(table(columns)))
    });
    assert_eq!(found(text, &tables), []);
}

#[test]
fn one_dialect_that_does_not_fit_is_enough_and_is_reported_once() {
    let sound = Some(table(vec![column("id", "INTEGER")]));
    let other = Some(table(vec![column("id", "text")]));
    let text = "struct T { id: i64 }";
    let tables = [
        (Dialect::Sqlite, sound),
        (Dialect::Postgres, other.clone()),
        (Dialect::MySql, other),
    ];
    assert_eq!(found(text, &tables), [(Code::TypeMismatch, ERROR)]);
    let none = Dialect::ALL.map(|dialect| (dialect, None));
    assert_eq!(found(text, &none), [(Code::ModelWithoutTable, ERROR)]);
    assert_eq!(found("#[table(ignore)] struct T { id: i64 }", &none), []);
    assert_eq!(found("#[table(unchecked)] struct T { id: i64 }", &none), []);
}

#[test]
fn columns_that_have_a_value_need_no_field() {
    let given = |other: Column, dialect| {
        let table = table(vec![column("id", "bigint"), other]);
        found("struct T { id: i64 }", &[(dialect, Some(table))]).is_empty()
    };
    let other = || column("other", "text");
    assert!(!given(other(), Dialect::Postgres));
    assert!(given(
        Column {
            nullable: true,
            ..other()
        },
        Dialect::Postgres
    ));
    assert!(given(
        Column {
            default: Some("''".to_owned()),
            ..other()
        },
        Dialect::Postgres
    ));
    assert!(given(
        Column {
            identity: Some(Identity::ByDefault),
            ..other()
        },
        Dialect::Postgres
    ));
    let generated = Some(Generated {
        expression: "1".to_owned(),
        stored: true,
    });
    assert!(given(
        Column {
            generated,
            ..other()
        },
        Dialect::Postgres
    ));
    // SQLite numbers a key that is a whole number.
    let numbered = |sql_type| {
        let key = Key {
            columns: vec!["id".to_owned()],
            ..Key::default()
        };
        let table = Table {
            primary_key: Some(key),
            ..table(vec![
                column("id", sql_type),
                Column {
                    nullable: true,
                    ..column("a", "TEXT")
                },
            ])
        };
        found(
            "struct T { a: Option<String> }",
            &[(Dialect::Sqlite, Some(table))],
        )
        .is_empty()
    };
    assert!(numbered("INTEGER"));
    assert!(!numbered("TEXT"));
}

#[test]
fn what_is_flattened_or_partial_may_leave_columns_out() {
    let table = Some(table(vec![column("id", "bigint"), column("other", "text")]));
    let tables = [(Dialect::Postgres, table)];
    assert_eq!(
        found("struct T { id: i64 }", &tables),
        [(Code::ColumnWithoutField, ERROR)]
    );
    assert_eq!(found("#[table(partial)] struct T { id: i64 }", &tables), []);
    assert_eq!(
        found("struct T { id: i64, #[sqlx(flatten)] rest: Rest }", &tables),
        []
    );
    let wrong = "#[table(partial)] struct T { id: String, no: i64 }";
    assert_eq!(
        found(wrong, &tables),
        [
            (Code::TypeMismatch, ERROR),
            (Code::FieldWithoutColumn, ERROR)
        ]
    );
}

#[test]
fn nulls_are_taken_seriously() {
    let tables = |nullable| {
        let column = Column {
            nullable,
            ..column("a", "text")
        };
        [(Dialect::Postgres, Some(table(vec![column])))]
    };
    for (field, nullable, expected) in [
        ("a: String", false, None),
        ("a: Option<String>", true, None),
        ("a: String", true, Some(ERROR)),
        ("a: Option<String>", false, Some(Severity::Warning)),
        ("#[column(nullable = false)] a: Option<String>", false, None),
        ("#[column(nullable)] a: Maybe", true, None),
        ("#[sqlx(try_from = \"Option<String>\")] a: Text", true, None),
        ("a: Unknown", true, Some(ERROR)),
    ] {
        let text = format!("struct T {{ {field} }}");
        let expected: Vec<_> = expected
            .into_iter()
            .map(|severity| (Code::NullMismatch, severity))
            .collect();
        assert_eq!(
            found(&text, &tables(nullable)),
            expected,
            "{field} {nullable}"
        );
    }
    // JSON has a null of its own.
    let json = Column {
        nullable: true,
        ..column("a", "jsonb")
    };
    let tables = [(Dialect::Postgres, Some(table(vec![json])))];
    let found = |field: &str| found(&format!("struct T {{ {field} }}"), &tables).len();
    assert_eq!(found("#[sqlx(json)] a: Option<X>"), 1);
    assert_eq!(found("#[sqlx(json(nullable))] a: Option<X>"), 0);
    assert_eq!(found("a: Option<Json<X>>"), 0);
}

#[test]
fn what_mysql_computes_is_as_its_expression_is() {
    let generated = Some(Generated {
        expression: "1".to_owned(),
        stored: true,
    });
    let computed = |dialect| {
        let column = Column {
            nullable: true,
            generated: generated.clone(),
            ..column("a", "bigint")
        };
        found(
            "struct T { a: i64 }",
            &[(dialect, Some(table(vec![column])))],
        )
        .len()
    };
    assert_eq!(computed(Dialect::MySql), 0);
    assert_eq!(computed(Dialect::Postgres), 1);
}

/// Columns that attributes name are those of the struct, unless others may have come with a flattened
/// one.
#[test]
fn attributes_name_columns_of_the_struct() {
    let problems = |text: &str| {
        let derived = Derived::read(text.parse().expect("tokens")).expect("an item");
        let tables = BTreeMap::new();
        let checked = derived.model.map(|model| model.check(&tables));
        let all = derived
            .problems
            .into_iter()
            .chain(checked.into_iter().flatten());
        all.map(|problem| problem.message).collect::<Vec<_>>()
    };
    for attribute in [
        "unique(tenants)",
        "index(nope)",
        "index(columns(nope desc))",
        "primary_key(idd)",
        "foreign_key(columns(nope), references = \"users(id)\")",
        "postgres(index(nope))",
    ] {
        let named = format!("#[table({attribute})] struct N {{ id: i64, tenant: i64 }}");
        assert_eq!(
            problems(&named).len(),
            1,
            "{attribute}: {:?}",
            problems(&named)
        );
        let open = named.replace("tenant: i64", "#[sqlx(flatten)] more: More");
        assert_eq!(problems(&open), Vec::<String>::new(), "{attribute}");
    }
}
