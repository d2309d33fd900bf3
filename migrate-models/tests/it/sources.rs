//! The files that are read, and name lookup in them.

use migrate_core::Dialect;
use migrate_models::Reading;

use crate::package::{models, package, rendered, schema, table};

/// Returns the names of the structs that were found.
fn found(reading: &Reading) -> Vec<&str> {
    let models = reading.models.models().iter();
    models.map(|model| model.rust_name.as_str()).collect()
}

fn model(name: &str) -> String {
    format!("#[derive(migrate_sqlx::Table)]\npub struct {name} {{ id: i64 }}\n")
}

#[test]
fn modules_are_followed_as_the_compiler_does() {
    let reading = package(&[
        (
            "src/lib.rs",
            "mod a; pub(crate) mod b; mod inline { mod c; #[path = \"elsewhere.rs\"] mod d; mod deeper { mod e; } }\n#[path = \"other/f.rs\"] mod f; mod r#type; #[path = \"hall\"] mod room { mod g; }",
        ),
        ("src/a.rs", &format!("{} mod child;", model("A"))),
        ("src/a/child.rs", &model("Child")),
        ("src/b/mod.rs", &format!("mod beside; {}", model("B"))),
        ("src/b/beside.rs", &model("Beside")),
        ("src/inline/c.rs", &model("C")),
        ("src/inline/elsewhere.rs", &model("D")),
        ("src/inline/deeper/e.rs", &model("E")),
        ("src/other/f.rs", &format!("mod g; {}", model("F"))),
        ("src/other/g.rs", &model("G")),
        ("src/type.rs", &model("Type")),
        ("src/hall/g.rs", &model("InTheHall")),
        ("src/nobody.rs", &model("Nobody")),
    ]);
    assert!(
        reading.diagnostics.is_empty(),
        "{}",
        rendered(&reading.diagnostics)
    );
    assert_eq!(
        found(&reading),
        [
            "A",
            "Child",
            "B",
            "Beside",
            "C",
            "D",
            "E",
            "F",
            "G",
            "Type",
            "InTheHall"
        ]
    );
}

#[test]
fn a_file_that_two_targets_share_has_its_models_once() {
    let reading = package(&[
        ("src/lib.rs", "pub mod models;"),
        ("src/main.rs", "mod models; mod own; fn main() {}"),
        ("src/models.rs", &model("Shared")),
        ("src/own.rs", &model("Own")),
    ]);
    assert!(
        reading.diagnostics.is_empty(),
        "{}",
        rendered(&reading.diagnostics)
    );
    assert_eq!(found(&reading), ["Shared", "Own"]);
}

#[test]
fn what_is_for_tests_is_left_out_and_other_conditions_hold() {
    let text = format!(
        "#[cfg(test)] mod tests {{ {} }} #[cfg(all(test, unix))] {} #[cfg(not(test))] {} #[cfg(any(test, feature = \"x\"))] {} #[cfg(windows)] {} mod inner {{ #![cfg(test)] {} }} #[cfg(test)] mod missing;",
        model("A"),
        model("B"),
        model("C"),
        model("D"),
        model("E"),
        model("F")
    );
    let reading = package(&[("src/lib.rs", &text)]);
    assert!(
        reading.diagnostics.is_empty(),
        "{}",
        rendered(&reading.diagnostics)
    );
    assert_eq!(found(&reading), ["C", "D", "E"]);
}

#[test]
fn derives_and_attributes_in_cfg_attr_count() {
    let text = r#"
        #[cfg_attr(feature = "db", derive(Clone, Table), table(name = "users"))]
        struct User { #[cfg_attr(feature = "db", sqlx(rename = "user_id"), column(primary_key))] id: i64 }
        #[cfg_attr(test, derive(Table))]
        struct Other { id: i64 }
    "#;
    let schema = schema(text, Dialect::Postgres);
    assert_eq!(schema.tables.len(), 1);
    let (name, table) = schema.tables.first_key_value().expect("a table");
    assert_eq!(name.to_string(), "users");
    assert_eq!(table.columns[0].name, "user_id");
    assert_eq!(
        table.primary_key.as_ref().expect("a key").columns,
        ["user_id"]
    );
}

#[test]
fn a_project_that_does_not_compile_still_has_its_models() {
    let text = format!(
        "use nowhere::Nothing; fn half() -> {{ let x = ; match }}\nconst X: Y = Z {{ 1 }};\nimpl<T: {{ 3 }}> for {{}}\nstruct Broken {{ a b c }}\n{}",
        model("Fine")
    );
    let reading = package(&[("src/lib.rs", &text)]);
    assert!(
        reading.diagnostics.is_empty(),
        "{}",
        rendered(&reading.diagnostics)
    );
    assert_eq!(found(&reading), ["Fine"]);
}

#[test]
fn each_file_that_cannot_be_read_is_reported_and_the_others_are_read() {
    let reading = package(&[
        (
            "src/lib.rs",
            "mod unbalanced;\nmod missing;\n#[cfg(windows)]\nmod other;\nmod fine;\n#[path = \"lib.rs\"]\nmod itself;\ninclude!(\"made.rs\");\nmake! { #[derive(Table)] struct InMacro { id: i64 } }\n#[derive(Table)]\nstruct Half { id i64 }\n",
        ),
        ("src/unbalanced.rs", "fn a() {\n    (1 + 2\n}\n"),
        ("src/fine.rs", &model("Fine")),
    ]);
    assert_eq!(found(&reading), ["Fine"]);
    insta::assert_snapshot!(rendered(&reading.diagnostics));
}

#[test]
fn a_file_that_is_not_there_at_all() {
    let root = migrate_models::Root {
        name: "app".to_owned(),
        file: "/nowhere/src/lib.rs".into(),
    };
    let reading = migrate_models::read("/nowhere".as_ref(), &[root]);
    insta::assert_snapshot!(rendered(&reading.diagnostics), @r"
    error[unreadable-source]: `src/lib.rs` cannot be read
    --> src/lib.rs
     = help: name an existing file under `[lib]` or `[[bin]]` in Cargo.toml
    ");
}

#[test]
fn names_are_found_where_rust_finds_them() {
    let reading = package(&[
        (
            "src/lib.rs",
            "pub mod ids; pub mod models; mod prelude { pub use crate::ids::*; pub use super::ids::Level as Grade; }",
        ),
        (
            "src/ids.rs",
            "#[derive(sqlx::Type)] #[sqlx(transparent)] pub struct UserId(uuid::Uuid);\n#[derive(sqlx::Type)] #[repr(i16)] pub enum Level { A }\npub type When = chrono::DateTime<chrono::Utc>;",
        ),
        (
            "src/models.rs",
            "use crate::prelude::*; use super::ids::{self, UserId as Id}; use chrono as time_of_day; use time_of_day::NaiveTime as Clock;\n#[derive(Table)] struct T { id: Id, other: ids::UserId, third: crate::ids::UserId, fourth: self::inner::Thing, level: Grade, wild: Level, when: When, clock: Clock, app: app::ids::UserId, from_macro: UserId }\nmod inner { pub type Thing = bool; }",
        ),
        (
            "src/main.rs",
            "use app::ids::When; #[derive(Table)] struct M { id: i64, at: When }",
        ),
    ]);
    assert!(
        reading.diagnostics.is_empty(),
        "{}",
        rendered(&reading.diagnostics)
    );
    let schema = reading
        .models
        .schema(Dialect::Postgres)
        .expect("sound models");
    let types = |table: &str| -> Vec<String> {
        let table = &schema.tables[&table.into()];
        table
            .columns
            .iter()
            .map(|column| column.sql_type.clone())
            .collect()
    };
    assert_eq!(
        types("t"),
        [
            "uuid",
            "uuid",
            "uuid",
            "boolean",
            "smallint",
            "smallint",
            "timestamp with time zone",
            "time without time zone",
            "uuid",
            "uuid"
        ]
    );
    assert_eq!(types("m"), ["bigint", "timestamp with time zone"]);
}

#[test]
fn flattened_structs_are_taken_in() {
    let reading = package(&[
        (
            "src/lib.rs",
            "mod parts; use parts::Audit;\n#[derive(Table)] #[sqlx(rename_all = \"camelCase\")] struct Order { id: i64, order_number: String, #[sqlx(flatten)] audit: Audit, #[sqlx(flatten, try_from = \"parts::Address\")] to: Target }\nstruct Target;",
        ),
        (
            "src/parts.rs",
            "pub struct Audit { #[sqlx(rename = \"made\")] created_at: time::OffsetDateTime, #[sqlx(flatten)] by: By }\nstruct By { #[sqlx(skip)] cache: Vec<Cache>, user_name: Option<String> }\n#[sqlx(rename_all = \"SCREAMING_SNAKE_CASE\")] pub struct Address { street_name: String }",
        ),
    ]);
    assert!(
        reading.diagnostics.is_empty(),
        "{}",
        rendered(&reading.diagnostics)
    );
    let columns: Vec<_> = reading.models.models()[0].columns().collect();
    assert_eq!(
        columns,
        ["id", "orderNumber", "made", "user_name", "STREET_NAME"]
    );
}

#[test]
fn attributes_of_sqlx_hold_here_too() {
    let text = r#"
        #[derive(Table)]
        struct T {
            r#type: String,
            #[sqlx(skip)] a: Unknown,
            #[sqlx(json)] b: Anything,
            #[sqlx(json)] c: Option<Anything>,
            #[sqlx(json(nullable))] d: Option<Anything>,
            #[sqlx(try_from = "Option<i64>")] e: Anything,
            #[sqlx(default)] f: bool,
        }
    "#;
    let table = table(text, Dialect::Postgres);
    let columns: Vec<_> = table
        .columns
        .iter()
        .map(|column| {
            (
                column.name.as_str(),
                column.sql_type.as_str(),
                column.nullable,
            )
        })
        .collect();
    assert_eq!(
        columns,
        [
            ("type", "text", false),
            ("b", "jsonb", false),
            ("c", "jsonb", false),
            ("d", "jsonb", true),
            ("e", "bigint", true),
            ("f", "boolean", false),
        ]
    );
}

#[test]
fn a_byte_order_mark_and_a_first_line_for_the_shell_are_no_rust() {
    let text = format!(
        "\u{feff}#!/usr/bin/env run-cargo-script\n{}",
        model("A").replace("i64", "Strange")
    );
    let reading = package(&[("src/lib.rs", &text)]);
    let problems = reading
        .models
        .schema(Dialect::Postgres)
        .expect_err("a strange type");
    insta::assert_snapshot!(rendered(&problems), @r#"
    error[unknown-type]: unknown column type for `Strange`
     --> src/lib.rs:3:20
      |
    3 | pub struct A { id: Strange }
      |                    ^^^^^^^
      |
      = help: set it with `#[column(type = "text")]`, or derive `sqlx::Type` if the type belongs to this package
    "#);
    assert_eq!(
        models("#![allow(dead_code)]\nfn main() {}").models().len(),
        0
    );
}

#[test]
fn a_derive_of_the_same_name_from_another_crate_is_not_this_one() {
    let reading = package(&[
        (
            "src/lib.rs",
            "mod a; mod b; mod c; mod prelude { pub use migrate_sqlx::Table; }",
        ),
        (
            "src/a.rs",
            &format!(
                "use cli_table::Table; {}",
                "#[derive(Table)] struct A { #[table(title = \"x\")] id: i64 }"
            ),
        ),
        (
            "src/b.rs",
            &format!(
                "use crate::prelude::*; #[derive(cli_table::Table)] struct No {{}} {}",
                "#[derive(Table)] struct B { id: i64 }"
            ),
        ),
        (
            "src/c.rs",
            "struct Table; #[derive(Table)] struct C { id: i64 }",
        ),
    ]);
    assert!(
        reading.diagnostics.is_empty(),
        "{}",
        rendered(&reading.diagnostics)
    );
    assert_eq!(found(&reading), ["B", "C"]);
}

#[test]
fn what_only_looks_like_an_item_swallows_none() {
    let text = format!(
        "fn a() -> impl Sized + use<'_> {{}} {} fn union(x: u8) {{}} use a::b\n{} type Half = \n{} macro_rules! struct_of {{ ($x:ty) => {{ struct X; }} }} {}",
        model("A"),
        model("B"),
        model("C"),
        model("D")
    );
    let reading = package(&[("src/lib.rs", &text)]);
    assert!(
        reading.diagnostics.is_empty(),
        "{}",
        rendered(&reading.diagnostics)
    );
    assert_eq!(found(&reading), ["A", "B", "C", "D"]);
}

#[test]
fn a_type_of_another_crate_is_not_taken_for_one_of_the_package() {
    let text = "#[derive(sqlx::Type)] #[sqlx(transparent)] pub struct Stamp(i64); #[derive(Table)] struct T { a: other::Stamp }";
    let reading = package(&[("src/lib.rs", text)]);
    let problems = reading
        .models
        .schema(Dialect::Postgres)
        .expect_err("an unknown type");
    assert!(rendered(&problems).contains("unknown column type for `other::Stamp`"));
}

#[test]
fn models_can_be_kept_by_a_task_that_moves_between_threads() {
    fn assert_moves<T: Send + Sync + 'static>(_: &T) {}
    assert_moves(&package(&[("src/lib.rs", &model("A"))]));
}
