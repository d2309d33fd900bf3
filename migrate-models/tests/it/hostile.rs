//! No text makes the reader panic, overflow its stack or take forever.

use std::time::Instant;

use migrate_core::Dialect;
use migrate_models::Derived;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::package::package;

/// Does everything that is done with a source.
fn read(text: &str) {
    let reading = package(&[("src/lib.rs", text)]);
    for found in &reading.diagnostics {
        assert!(found.help.is_some(), "{found}");
        assert!(!found.message.contains('\n'), "{found}");
    }
    for dialect in Dialect::ALL {
        if let Err(found) = reading.models.schema(dialect) {
            assert!(found.iter().all(|found| found.help.is_some()));
        }
    }
    if let Ok(tokens) = text.parse()
        && let Ok(derived) = Derived::read(tokens)
    {
        for problem in &derived.problems {
            assert!(problem.site.index() < derived.spans.len());
        }
    }
}

const SOUND: &str = r#"
//! A model with every feature.
use std::{borrow::Cow, self as other, collections::*};
mod a { pub type Id<T> = super::Wrapped<T>; }
#[derive(sqlx::Type)] #[sqlx(transparent)] struct Wrapped<T>(T);
#[derive(Type)] #[sqlx(type_name = "mood", rename_all = "kebab-case")] enum Mood { VerySad, #[sqlx(rename = "x")] Ok }
#[cfg_attr(feature = "a", derive(Table))]
#[table(name = "t", unique(a, b), index(columns(expr("lower(b)"), a desc), where = "a > 0"), check = "a > 0",
        foreign_key(columns(a), references = "u(id)", on_delete = "cascade"), sqlite(strict))]
struct Model<'a> {
    #[column(primary_key, auto_increment)] a: a::Id<i64>,
    #[column(unique, default = "'x'", references = "u(b)", postgres(type = "citext", default = none))] b: Option<Cow<'a, str>>,
    #[sqlx(json(nullable))] c: Vec<HashMap<String, [u8; 3]>>,
    #[sqlx(try_from = "Option<i32>")] d: Mood,
    #[sqlx(flatten)] e: Inner,
}
struct Inner { #[sqlx(rename = "z")] mood: Mood }
"#;

#[test]
fn what_is_nested_without_end_is_refused() {
    let deep = 20_000;
    for of in [
        format!("{}u8{}", "Vec<".repeat(deep), ">".repeat(deep)),
        format!("{}u8{}", "(".repeat(deep), ")".repeat(deep)),
        format!("{}u8{}", "[".repeat(deep), "]".repeat(deep)),
        format!("{}u8", "&".repeat(deep)),
        format!("{}u8", "*const ".repeat(deep)),
        format!("{}u8", "fn() -> ".repeat(deep)),
        format!("impl {}u8{}", "Fn(".repeat(deep), ")".repeat(deep)),
        format!("[u8; {}1]", "-".repeat(deep)),
        format!("[u8; {}1]", "1 + ".repeat(deep)),
        format!("u8{}", "::a".repeat(deep)),
    ] {
        read(&format!(
            "#[derive(Table)] struct T {{ id: {of} }} type A = {of}; #[derive(Table)] struct U {{ a: A }}"
        ));
        read(&format!(
            "#[derive(Table)] struct T {{ #[sqlx(try_from = \"{of}\")] id: i64 }}"
        ));
        read(&format!(
            "#[table(x = {of})] #[derive(Table)] struct T {{ #[column(index({of}))] id: i64 }}"
        ));
    }
    read(&format!("{}{}", "mod a {".repeat(deep), "}".repeat(deep)));
    read(&format!(
        "use {}a{};",
        "a::{".repeat(deep),
        "}".repeat(deep)
    ));
    read(&format!(
        "#[cfg({}test{})] mod a;",
        "all(".repeat(deep),
        ")".repeat(deep)
    ));
    read(&format!(
        "#[{}derive(Table){}] struct T {{ a: i64 }}",
        "cfg_attr(a, ".repeat(deep),
        ")".repeat(deep)
    ));
    read(&format!("x! {}{}", "{".repeat(deep), "}".repeat(deep)));
}

#[test]
fn what_leads_round_in_cycles_or_grows_comes_to_an_end() {
    let begin = Instant::now();
    read("type A = B; type B = Option<A>; #[derive(Table)] struct T { a: A }");
    read(
        "use a as b; use b as a; use self::c as c; #[derive(Table)] struct T { x: a, y: b::d, z: c }",
    );
    read(
        "mod m { pub use super::*; } use m::*; #[derive(Table)] struct T { x: Nowhere, y: m::m::Nowhere }",
    );
    // Each alias contains the previous one twice.
    let aliases: String = (1..60)
        .map(|n| format!("type A{n}<T> = PgRange<A{}<T>, A{}<T>>;", n - 1, n - 1))
        .collect();
    read(&format!(
        "type A0<T> = T; {aliases} #[derive(Table)] struct T {{ a: A59<i64> }}"
    ));
    let flattened: String = (1..60)
        .map(|n| {
            format!(
                "struct S{n} {{ #[sqlx(flatten)] a: S{0}, #[sqlx(flatten)] b: S{0} }}",
                n - 1
            )
        })
        .collect();
    read(&format!(
        "struct S0 {{ x: i64 }} {flattened} #[derive(Table)] struct T {{ #[sqlx(flatten)] a: S59 }}"
    ));
    // Modules that import one another.
    let globs: String = (0..40)
        .map(|n| {
            format!(
                "mod m{n} {{ {} }}",
                (0..40)
                    .map(|other| format!("pub use super::m{other}::*;"))
                    .collect::<String>()
            )
        })
        .collect();
    read(&format!(
        "{globs} use m0::*; #[derive(Table)] struct T {{ a: Nowhere }}"
    ));
    assert!(begin.elapsed().as_secs() < 60, "{:?}", begin.elapsed());
}

#[test]
fn files_that_multiply_come_to_an_end() {
    // Each file is included twice by the previous one.
    let files: Vec<(String, String)> = (0..20)
        .map(|n| {
            let next = format!("f{}.rs", n + 1);
            let text = format!("#[path = \"{next}\"] mod a; #[path = \"{next}\"] mod b;");
            (format!("src/f{n}.rs"), text)
        })
        .collect();
    let mut files: Vec<_> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    files.push(("src/lib.rs", "#[path = \"f0.rs\"] mod a;"));
    files.push(("src/f20.rs", ""));
    let reading = package(&files);
    assert!(reading.has_errors());
    // A file that includes itself through another one.
    let reading = package(&[
        ("src/lib.rs", "mod a;"),
        ("src/a.rs", "#[path = \"lib.rs\"] mod b;"),
    ]);
    assert_eq!(reading.diagnostics.len(), 1, "{:?}", reading.diagnostics);
}

#[test]
fn a_large_package_is_read_at_once() {
    let text: String = (0..2000)
        .map(|n| format!("#[derive(Table)] struct T{n} {{ id: i64, a: Option<String>, b: Vec<u8> }} fn f{n}() {{ let x = [1, 2, 3]; }}"))
        .collect();
    let begin = Instant::now();
    let reading = package(&[("src/lib.rs", &text)]);
    assert_eq!(reading.models.models().len(), 2000);
    assert!(begin.elapsed().as_secs() < 30, "{:?}", begin.elapsed());
}

/// Pieces of text that are significant here.
fn piece() -> impl Strategy<Value = String> {
    let pieces = [
        "#",
        "#!",
        "[",
        "]",
        "(",
        ")",
        "{",
        "}",
        "<",
        ">",
        ",",
        ";",
        ":",
        "::",
        "=",
        "-",
        "&",
        "'a",
        "derive(Table)",
        "#[derive(Table)]",
        "table",
        "column",
        "sqlx",
        "struct",
        "enum",
        "mod",
        "use",
        "type",
        "name",
        "\"x\"",
        "\"",
        "1",
        "-1",
        "true",
        "r#type",
        "cfg_attr",
        "cfg",
        "test",
        "Option",
        "Vec",
        "i64",
        "String",
        "unique",
        "index",
        "columns",
        "references",
        "default",
        "as",
        "*",
        "crate",
        "self",
        "super",
        "include",
        "!",
        "macro_rules",
        "\u{feff}",
        "é",
        "'",
        "/*",
        "//",
        "\n",
        "b'",
        "r#\"",
    ];
    select(pieces.to_vec()).prop_map(str::to_owned)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_text(text in any::<String>()) {
        read(&text);
    }

    #[test]
    fn pieces_of_rust(pieces in vec(piece(), 0..60)) {
        read(&pieces.join(" "));
    }

    #[test]
    fn a_sound_source_that_was_damaged(cuts in vec((any::<Index>(), any::<Index>(), vec(piece(), 0..4)), 1..4)) {
        let mut text = SOUND.to_owned();
        for (from, length, with) in cuts {
            let from = text.floor_char_boundary(from.index(text.len() + 1));
            let to = text.floor_char_boundary((from + length.index(12)).min(text.len()));
            text.replace_range(from..to, &with.join(" "));
        }
        read(&text);
    }

    #[test]
    fn attributes_of_pieces(pieces in vec(piece(), 0..12), balanced: bool) {
        let inner = match balanced {
            true => pieces.into_iter().filter(|piece| !["(", ")", "[", "]", "{", "}", "\"", "'", "/*", "//", "b'", "r#\""].contains(&piece.as_str())).collect(),
            false => pieces,
        };
        let inner = inner.join(" ");
        read(&format!("#[derive(Table)] #[table({inner})] struct T {{ #[column({inner})] #[sqlx({inner})] a: i64, id: {inner} }}"));
    }
}

#[test]
fn the_sound_source_is_sound() {
    let reading = package(&[("src/lib.rs", SOUND)]);
    assert!(reading.diagnostics.is_empty(), "{:?}", reading.diagnostics);
    assert_eq!(reading.models.models().len(), 1);
}
