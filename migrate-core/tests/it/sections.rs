//! The boundaries of sections, and line ends.

use migrate_core::{
    Code, Config, Dialect, Dialects, Direction, File, Folder, Revision, Survey, with_lf,
};

fn file(sections: &str) -> String {
    format!("-- revision: a\n-- parents: none\n\n{sections}")
}

fn parse(sections: &str) -> Revision {
    Revision::parse("a.sql", &file(sections), Dialects::NONE).expect(sections)
}

fn statements(revision: &Revision, direction: Direction, dialect: Dialect) -> Vec<&str> {
    let section = revision.section(direction, dialect);
    let statements = section.and_then(|section| section.statements(dialect));
    let statements = statements.unwrap_or_default().iter();
    statements.map(|place| revision.sql(*place)).collect()
}

/// Returns the problems of a file in a project with these dialects: code, line and column of each
/// label.
fn problems(sections: &str, dialects: &[Dialect]) -> Vec<String> {
    let folder = Folder {
        shown: "migrations".to_owned(),
        files: vec![File {
            name: "a.sql".to_owned(),
            text: file(sections).into(),
        }],
        lock: Some("version 1\na - draft\n".to_owned()),
        ..Folder::default()
    };
    let config = Config {
        dialects: dialects.iter().copied().collect(),
        ..Config::default()
    };
    let found = Survey::new(&folder, &config).diagnostics;
    let of_sql = found
        .iter()
        .filter(|found| found.code == Code::UnterminatedSql);
    of_sql
        .map(|found| {
            let places = found.labels.iter().map(|label| {
                let place = label.place.as_ref().expect("it is in the file");
                format!("{}:{}", place.line, place.column)
            });
            format!(
                "{} @ {}",
                found.message,
                places.collect::<Vec<_>>().join(" ")
            )
        })
        .collect()
}

#[test]
fn a_line_inside_something_is_text() {
    for (words, dialect, text) in [
        (
            "",
            Dialect::Sqlite,
            "INSERT INTO t VALUES ('\n-- migrate: down\n')",
        ),
        (
            "",
            Dialect::Postgres,
            "SELECT 1 /*\n-- migrate: down\n*/ + 2",
        ),
        (
            " postgres",
            Dialect::Postgres,
            "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$\n-- migrate: down\nSELECT 'x'\n$$",
        ),
        (
            " postgres",
            Dialect::Postgres,
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC\n-- migrate: down\nSELECT 1; END",
        ),
        (
            " postgres",
            Dialect::Postgres,
            "SELECT '/*' \"\n-- migrate: up\n\"",
        ),
        (
            " sqlite",
            Dialect::Sqlite,
            "CREATE TRIGGER t AFTER INSERT ON a BEGIN\n-- migrate: down\nSELECT 1; END",
        ),
        (" sqlite", Dialect::Sqlite, "SELECT [\n--migrate:down\n]"),
        (
            " mysql",
            Dialect::MySql,
            "INSERT INTO t VALUES (\"it\\\"s\n-- migrate: down\n\")",
        ),
        (
            " mysql",
            Dialect::MySql,
            "CREATE PROCEDURE p() BEGIN\n-- migrate: down\nSELECT 1; END",
        ),
        (
            " mysql",
            Dialect::MySql,
            "/*!50003 SET @a = 1,\n-- migrate: down\n@b = 2 */",
        ),
    ] {
        let revision = parse(&format!(
            "-- migrate: up{words}\n{text};\nSELECT 2;\n\n-- migrate: down{words}\nSELECT 3;\n"
        ));
        assert_eq!(
            statements(&revision, Direction::Up, dialect),
            [text, "SELECT 2"]
        );
        assert_eq!(
            statements(&revision, Direction::Down, dialect),
            ["SELECT 3"]
        );
    }
    let delimited = "CREATE PROCEDURE p() BEGIN\n-- migrate: down\nSELECT 1; END";
    let revision = parse(&format!(
        "-- migrate: up mysql\nDELIMITER //\n{delimited}//\nDELIMITER ;\n-- migrate: down mysql\nSELECT 3;\n"
    ));
    assert_eq!(
        statements(&revision, Direction::Up, Dialect::MySql),
        [delimited]
    );
    assert_eq!(
        statements(&revision, Direction::Down, Dialect::MySql),
        ["SELECT 3"]
    );
}

/// In a file that serves several dialects, a quote of one dialect must not hide a section from the
/// others.
#[test]
fn a_line_where_sql_could_begin_is_a_section() {
    for (up, dialect) in [
        ("SELECT 1", Dialect::Sqlite),
        ("SELECT 1 -- it's one", Dialect::Sqlite),
        ("# it's one\nSELECT 1;", Dialect::MySql),
        ("SELECT 'a\\'b';", Dialect::MySql),
        ("SELECT 'C:\\';", Dialect::Sqlite),
        ("SELECT [it's];", Dialect::Sqlite),
        ("SELECT $$it's$$;", Dialect::Postgres),
        ("CREATE TABLE t (a INT", Dialect::Sqlite),
        (
            "CREATE RULE r AS ON INSERT TO t DO (SELECT 1;",
            Dialect::Postgres,
        ),
        (
            "DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 1; END",
            Dialect::MySql,
        ),
        ("DELIMITER //\nSELECT 1//", Dialect::MySql),
    ] {
        for line in ["-- migrate: down", "--migrate:down"] {
            let revision = parse(&format!("-- migrate: up\n{up}\n{line}\nSELECT 9;\n"));
            assert_eq!(
                statements(&revision, Direction::Down, dialect),
                ["SELECT 9"],
                "{up}"
            );
        }
    }
}

#[test]
fn what_does_not_end_is_reported_where_it_begins() {
    let all = Dialect::ALL;
    // Nothing ends it.
    let up = "-- migrate: up\nSELECT 'oops;\n-- migrate: down\nSELECT 'a', 'b';\n";
    assert_eq!(problems(up, &all), ["unterminated quoted text @ 5:8"]);
    // A quote far below ends it, and the `down` would be lost.
    let up = "-- migrate: up\nSELECT 'oops;\n-- migrate: down\nSELECT 'a';\n-- it's all\n";
    assert_eq!(
        problems(up, &all),
        [
            "this quoted text contains a line that looks like a section, and the file has no other `down` @ 5:8 6:1"
        ]
    );
    let up = "-- migrate: up sqlite\nSELECT 'oops;\n-- migrate: up postgres\nSELECT 'x;\n-- migrate: down\nSELECT 1;\n";
    assert_eq!(
        problems(up, &all),
        [
            "this quoted text contains a line that looks like a section, and the file has no other `up` @ 5:8 6:1"
        ]
    );
    // A forgotten END includes the next trigger.
    let up = "-- migrate: up sqlite\nCREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1;\n-- migrate: down sqlite\nCREATE TRIGGER u AFTER INSERT ON a BEGIN SELECT 1; END; END;\n";
    assert_eq!(
        problems(up, &[Dialect::Sqlite]),
        [
            "this block contains a line that looks like a section, and the file has no other `down` @ 5:36 6:1"
        ]
    );
}

#[test]
fn disagreeing_dialects_are_reported() {
    let up = "-- migrate: up\nCREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$\n-- migrate: down\nSELECT 1\n$$;\n-- migrate: down\nSELECT 1;\n";
    let found = problems(up, &[Dialect::Postgres]);
    assert_eq!(found[0], "unterminated dollar-quoted text @ 5:50 6:1");
    let named = up.replacen("up\n", "up postgres\n", 1).replace(
        "$$;\n-- migrate: down\n",
        "$$;\n-- migrate: down postgres\n",
    );
    assert_eq!(problems(&named, &[Dialect::Postgres]), Vec::<String>::new());
}

#[test]
fn many_sections_that_do_not_end_take_linear_time() {
    for piece in [
        "-- migrate: up\n'\n",
        "-- migrate: up\n/*\n",
        "-- migrate: up postgres\n$a$\n",
        "-- migrate: up\n\"'`[\n",
        "-- migrate: up\nBEGIN\n",
    ] {
        let text = file(&piece.repeat(200_000 / piece.len()));
        let _either = Revision::parse("a.sql", &text, Dialects::NONE);
    }
}

#[test]
fn crlf_and_lf_are_one_revision() {
    let text = file(
        "-- migrate: up\nINSERT INTO t VALUES ('a\n\nb\r', 2);\n-- migrate: down\nDELETE FROM t -- x\n WHERE a = '\n';\n",
    );
    let crlf = text.replace('\n', "\r\n");
    let parse = |text: &str| Revision::parse("a.sql", text, Dialects::NONE).unwrap();
    let (lf, from_crlf) = (parse(&text), parse(&crlf));
    assert_eq!(lf, from_crlf);
    // A lone CR is part of the text.
    assert_eq!(
        statements(&lf, Direction::Up, Dialect::Postgres),
        ["INSERT INTO t VALUES ('a\n\nb\r', 2)"]
    );
    assert_eq!(with_lf(&crlf), text);
}

/// A tool that wrote CRLF for each LF of a file that already had CRLF.
#[test]
fn a_file_converted_twice_keeps_its_hash() {
    let text = file("-- migrate: up\nINSERT INTO t VALUES ('a\r\r\nb');\n");
    let revision = Revision::parse("a.sql", &text, Dialects::NONE).unwrap();
    assert_eq!(
        revision.hash.to_string(),
        "393e5617214a745685ce4ab4fe058e9539be1c8e05e696319ede6cf3c36843ac"
    );
}

#[test]
fn the_places_of_problems_do_not_depend_on_line_ends() {
    let sections = "-- migrate: up\nSELECT 'a\nb' || 'oops;\n";
    let found = problems(sections, &Dialect::ALL);
    assert_eq!(found, ["unterminated quoted text @ 6:7"]);
    assert_eq!(
        problems(&sections.replace('\n', "\r\n"), &Dialect::ALL),
        found
    );
}
