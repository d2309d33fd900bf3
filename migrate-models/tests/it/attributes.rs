//! The values of attributes, and the errors for other values.

use crate::package::{models, wrong};

#[test]
fn unknown_keys_are_reported_with_the_nearest() {
    insta::assert_snapshot!(wrong(
        "#[derive(Table)]\n#[table(nmae = \"users\", uniqeu(a), what)]\nstruct T {\n    #[column(defualt = 1, uniq, postgres(typ = \"x\"), nonsense = 3)]\n    id: i64,\n    #[column(index(methd = \"gin\"), unique(nme = \"x\"))]\n    a: i64,\n}\n"
    ));
}

#[test]
fn values_of_another_shape_are_reported_with_an_example() {
    insta::assert_snapshot!(wrong(
        "#[derive(Table)]\n#[table(name = 3, schema, primary_key = \"id\", index(), unique(columns()), foreign_key(columns(a)), check, check(name = \"x\"), postgres, sqlite(strict = 1), mysql(strict))]\nstruct T {\n    #[column(default, type = 1, primary_key = \"x\", references = \"users(\", on_delete = \"cascde\", deferrable = \"x\", name = \"\")]\n    id: i64,\n    #[column(postgres(name = \"x\"), unique = 1)]\n    a: i64,\n}\n"
    ));
}

#[test]
fn what_is_no_list_at_all() {
    insta::assert_snapshot!(wrong(
        "#[derive(Table)]\n#[table]\n#[table = \"x\"]\n#[table(name = )]\n#[table(3)]\n#[table(name = \"a\" schema = \"b\")]\nstruct T {\n    #[column(unique;)]\n    id: i64,\n    #[column(index(columns(a sideways)))]\n    b: i64,\n}\n"
    ));
}

#[test]
fn what_is_said_twice_or_contradicts_itself() {
    insta::assert_snapshot!(wrong(
        "#[derive(Table)]\n#[table(name = \"a\", name = \"b\", partial, partial)]\nstruct T {\n    #[column(unique, unique)]\n    #[column(unique)]\n    id: i64,\n    #[sqlx(rename = \"x\")]\n    #[column(name = \"y\")]\n    a: i64,\n    #[sqlx(rename = \"x\")]\n    b: i64,\n    #[sqlx(rename = \"x\")]\n    c: i64,\n}\n"
    ));
}

#[test]
fn attributes_where_they_mean_nothing() {
    insta::assert_snapshot!(wrong(
        "#[derive(Table)]\n#[column(unique)]\nstruct T {\n    id: i64,\n    #[table(name = \"x\")]\n    email: String,\n}\n"
    ), @r#"
    error[malformed-model]: `#[column(…)]` belongs to a field
     --> src/lib.rs:2:3
      |
    2 | #[column(unique)]
      |   ^^^^^^
      |
      = help: write `#[table(…)]` here, or move it to a field
    error[malformed-model]: `#[table(…)]` belongs to the struct
     --> src/lib.rs:5:7
      |
    5 |     #[table(name = "x")]
      |       ^^^^^
      |
      = help: write `#[column(…)]` here, or move it to the struct
    "#);
}

#[test]
fn sql_that_ends_too_early() {
    insta::assert_snapshot!(wrong(
        "#[derive(Table)]\n#[table(check = \"a > (1\", index(columns(a), where = \"a > 0)\"))]\nstruct T {\n    #[column(default = \"now(\", generated = \"'a\")]\n    a: i64,\n    #[column(default = \"'it''s (' || E'\\\\''\")]\n    b: String,\n}\n"
    ), @r#"
    error[malformed-model]: the SQL of `check` is not complete: `a > (1`
     --> src/lib.rs:2:9
      |
    2 | #[table(check = "a > (1", index(columns(a), where = "a > 0)"))]
      |         ^^^^^
      |
      = help: close its parentheses and quotes
    error[malformed-model]: the SQL of `where` is not complete: `a > 0)`
     --> src/lib.rs:2:45
      |
    2 | #[table(check = "a > (1", index(columns(a), where = "a > 0)"))]
      |                                             ^^^^^
      |
      = help: close its parentheses and quotes
    error[malformed-model]: the SQL of `default` is not complete: `now(`
     --> src/lib.rs:4:14
      |
    4 |     #[column(default = "now(", generated = "'a")]
      |              ^^^^^^^
      |
      = help: close its parentheses and quotes
    error[malformed-model]: the SQL of `generated` is not complete: `'a`
     --> src/lib.rs:4:32
      |
    4 |     #[column(default = "now(", generated = "'a")]
      |                                ^^^^^^^^^
      |
      = help: close its parentheses and quotes
    "#);
}

#[test]
fn what_can_be_no_table() {
    insta::assert_snapshot!(wrong(
        "#[derive(Table)]\nenum E { A }\n#[derive(Table)]\nstruct Tuple(i64);\n#[derive(Table)]\nstruct Unit;\n#[derive(Table)]\nstruct Endless { #[sqlx(flatten)] more: Box2 }\nstruct Box2 { #[sqlx(flatten)] more: Box2 }\n#[derive(Table)]\nstruct Far { #[sqlx(flatten)] more: other::Thing }\n"
    ));
}

#[test]
fn names_may_be_in_quotes_or_without() {
    let found = models("#[derive(Table)] #[table(unique(\"a\", b), index(r#type, \"b\" desc), on, index(a))] struct T { a: i64, b: i64, r#type: i64 }".replace("on, ", "").as_str());
    assert_eq!(found.models().len(), 1);
}

#[test]
fn what_a_source_says_stays_on_its_line() {
    let rendered = wrong(
        "#[derive(Table)] struct T { #[column(references = \"a\", on_delete = \"x\\n\\u{1b}[31m\")] a: i64 }",
    );
    assert!(
        rendered.contains("invalid value `x\\n\\u{1b}[31m` for `on_delete`"),
        "{rendered}"
    );
}
