//! The parsers accept any text: damaged real files, the fuzzer's corpus, and large hostile texts.

use std::fs;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use migrate_core::{
    ChainLock, Config, Dialect, Dialects, File, Folder, Hash, NewRevision, Phase, Revision,
    RevisionId, Survey,
};
use migrate_sql::{Lexer, Token, TokenKind};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::invariants;

/// Returns the initial texts of the fuzz target with this name.
fn corpus(target: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    let mut paths: Vec<_> = fs::read_dir(folder.join(target))
        .expect("the corpus is there")
        .map(|entry| entry.expect("readable").path())
        .collect();
    paths.sort();
    let text = |path| String::from_utf8_lossy(&fs::read(path).expect("readable")).into_owned();
    paths.into_iter().map(text).collect()
}

/// Checks all invariants on a text, whatever it is.
fn holds(text: &str) {
    invariants::section(text);
    invariants::lock(text);
    invariants::schema_lock(text);
    invariants::config(text);
    invariants::target(text);
    if let Some(chain) = invariants::folder(&[text], None, &Config::default()) {
        invariants::embedded(&chain);
    }
    let mut parts = text.split("\n%%\n");
    let config = parts
        .next()
        .and_then(|text| Config::parse("migrate.toml", text).ok());
    let lock = parts.next();
    let texts: Vec<&str> = parts.collect();
    if let Some(chain) = invariants::folder(&texts, lock, &config.unwrap_or_default()) {
        invariants::embedded(&chain);
    }
}

#[test]
fn the_corpus_holds() {
    for target in [
        "sql",
        "revision",
        "chain",
        "lock",
        "config",
        "target",
        "schema-lock",
        "models",
        "repair",
    ] {
        let texts = corpus(target);
        assert!(!texts.is_empty(), "{target}");
        texts.iter().for_each(|text| holds(text));
    }
}

/// Pieces that are inserted at random places.
const PIECES: [&str; 32] = [
    "'",
    "\"",
    "`",
    "[",
    "]",
    "(",
    ")",
    ";",
    "$$",
    "$a$",
    "/*",
    "*/",
    "/*!",
    "--",
    "-- ",
    "#",
    "\\",
    "\n",
    "\r\n",
    "\t",
    "\u{b}",
    "\0",
    "é",
    "\u{feff}",
    "BEGIN ",
    "END",
    " AS ",
    "DELIMITER //\n",
    "\n-- migrate: up\n",
    "\n-- migrate: down mysql no-transaction\n",
    "\n-- parents: a, b\n",
    "\n=======\n",
];

#[derive(Clone, Debug)]
enum Damage {
    Insert(Index, &'static str),
    Cut(Index, Index),
    Double(Index, Index),
    Stop(Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let place = any::<Index>;
    prop_oneof![
        4 => (place(), select(&PIECES[..])).prop_map(|(at, piece)| Damage::Insert(at, piece)),
        2 => (place(), place()).prop_map(|(from, to)| Damage::Cut(from, to)),
        1 => (place(), place()).prop_map(|(from, to)| Damage::Double(from, to)),
        1 => place().prop_map(Damage::Stop),
    ]
}

fn damaged(mut text: String, damages: &[Damage]) -> String {
    for damage in damages {
        let at = |index: &Index| text.floor_char_boundary(index.index(text.len() + 1));
        // Most of a text is kept.
        let range = |from: &Index, length: &Index| {
            let from = at(from);
            from..text.floor_char_boundary((from + length.index(20)).min(text.len()))
        };
        match damage {
            Damage::Insert(place, piece) => text.insert_str(at(place), piece),
            Damage::Cut(from, length) => {
                let range = range(from, length);
                text.replace_range(range, "");
            }
            Damage::Double(from, length) => {
                let piece = text[range(from, length)].to_owned();
                text.insert_str(at(from), &piece);
            }
            Damage::Stop(place) => text.truncate(at(place)),
        }
    }
    text
}

/// Returns a text of the corpus, possibly damaged.
fn real_texts(targets: &'static [&'static str]) -> impl Strategy<Value = String> {
    let texts: Vec<String> = targets.iter().flat_map(|target| corpus(target)).collect();
    (select(texts), vec(damage(), 0..8)).prop_map(|(text, damages)| damaged(text, &damages))
}

/// Returns a revision for one dialect, with `body` as its `up`.
fn revision(dialect: Dialect, body: &str) -> String {
    format!("-- revision: a\n-- parents: b\n-- labels: l\n\n-- migrate: up {dialect}\n{body}")
}

fn hash(text: &str) -> Option<Hash> {
    let revision = Revision::parse("a.sql", text, Dialects::NONE).ok()?;
    Some(revision.hash)
}

fn lex(dialect: Dialect, text: &str) -> Option<Vec<Token>> {
    let mut lexer = Lexer::new(dialect, text);
    let mut found = Vec::new();
    while let Some(token) = lexer.next_token().ok()? {
        found.push(token);
    }
    Some(found)
}

/// Real SQL whose tokens do not depend on the line ends between them: without `DELIMITER`, and
/// without string constants that continue on the next line.
fn real_sql() -> impl Strategy<Value = (Dialect, String, Vec<Token>)> {
    let texts: Vec<_> = corpus("sql")
        .into_iter()
        .flat_map(|text| Dialect::ALL.map(|dialect| (dialect, text.clone())))
        .filter_map(|(dialect, text)| {
            let tokens = lex(dialect, &text)?;
            hash(&revision(dialect, &text))?;
            let matter = || tokens.iter().filter(|token| token.kind.matters());
            let strings = matter()
                .zip(matter().skip(1))
                .any(|(one, next)| one.kind == TokenKind::String && next.kind == TokenKind::String);
            // On MySQL, two dashes followed by a blank begin a comment.
            let dashes = matter()
                .zip(matter().skip(1))
                .any(|(one, next)| dialect == Dialect::MySql && &text[one.start..next.end] == "--");
            let delimiters = text.to_ascii_uppercase().contains("DELIMITER");
            (!strings && !dashes && !delimiters && matter().count() > 0)
                .then_some((dialect, text, tokens))
        })
        .collect();
    select(texts)
}

/// Each begins and ends with white space, so that it joins nothing to an operator.
const SPACES: [&str; 8] = [
    " ",
    "\n",
    "\r\n\t",
    " \u{b}\u{c}\n",
    " /* it's; $a$ */ ",
    "\n-- it's; /* $a$\n",
    "\n--\r\n",
    " -- é\n \n",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn damaged_files_hold(text in real_texts(&["sql", "revision", "chain", "lock", "config", "target"])) {
        holds(&text);
    }

    #[test]
    fn any_text_holds(text in any::<String>()) {
        holds(&text);
    }

    #[test]
    fn any_pieces_hold(pieces in vec(select(&PIECES[..]), 0..30)) {
        holds(&pieces.concat());
    }

    #[test]
    fn any_typed_place_holds(text in "[-+@:.a-c0-9]{0,8}|[a-c]{1,3}@(head|heads|base|current)?[-+][0-9]{1,20}") {
        invariants::target(&text);
    }

    #[test]
    fn the_hash_is_of_the_tokens(
        (dialect, text, tokens) in real_sql(),
        spaces in vec(select(&SPACES[..]), 64),
        bom in any::<bool>(),
        crlf in any::<bool>(),
        picked in any::<Index>(),
    ) {
        let mut spaces = spaces.into_iter().cycle();
        let mut body = String::new();
        let mut changed = text.clone();
        for token in &tokens {
            let own = &text[token.start..token.end];
            if !token.kind.matters() {
                body.push_str(spaces.next().expect("a cycle"));
            } else if matches!(own, "(" | ")" | ",") || token.kind == TokenKind::Terminator {
                body.extend([spaces.next().expect("a cycle"), own, " "]);
            } else {
                body.push_str(own);
            }
        }
        let mut file = revision(dialect, &body);
        if crlf {
            file = file.replace("\r\n", "\n").replace('\n', "\r\n");
        }
        if bom {
            file.insert(0, '\u{feff}');
        }
        let before = hash(&revision(dialect, &text));
        prop_assert_eq!(before, hash(&file), "{} {:?} {:?}", dialect, text, file);

        // One token more or less changes the revision.
        let matter: Vec<_> = tokens.iter().filter(|token| token.kind.matters()).collect();
        let token = picked.get(&matter);
        changed.replace_range(token.start..token.end, " ");
        if let Some(after) = hash(&revision(dialect, &changed)) {
            prop_assert_ne!(before, Some(after), "{} without {:?} of {:?}", dialect, token, text);
        }
        if token.kind == TokenKind::Word {
            let mut changed = text.clone();
            changed.insert(token.end, 'x');
            if let Some(after) = hash(&revision(dialect, &changed)) {
                prop_assert_ne!(before, Some(after), "{} {:?} of {:?}", dialect, token, text);
            }
        }
    }

    #[test]
    fn the_hash_is_of_the_links(message in "[ -~]{0,20}", number in 0..10_u8) {
        let plain = revision(Dialect::Sqlite, "SELECT 1");
        let other = |from: &str, to: &str| hash(&plain.replace(from, to));
        let same = hash(&plain);
        prop_assert!(same.is_some());
        let header = format!("-- message: {message}\n-- created: 2026-11-2{number}T14:32:05Z\n-- labels");
        prop_assert_eq!(other("-- labels", &header), same);
        prop_assert_ne!(other("revision: a", &format!("revision: a{number}")), same);
        prop_assert_ne!(other("parents: b", &format!("parents: b{number}")), same);
        prop_assert_ne!(other("parents: b", &format!("parents: b, c{number}")), same);
        prop_assert_ne!(other("labels: l", &format!("labels: l{number}")), same);
        prop_assert_ne!(other("-- labels: l", &format!("-- depends-on: l{number}")), same);
        prop_assert_ne!(other("up sqlite", "up sqlite no-transaction"), same);
        prop_assert_ne!(other("up sqlite", "down sqlite"), same);
    }

    #[test]
    fn a_lock_is_read_back(
        lines in vec(("[a-z0-9_]{1,9}", vec("[a-z0-9_.]{0,3}[a-z]", 0..4), prop::option::of("[0-9a-f]{64}")), 0..20),
        crlf in any::<bool>(),
    ) {
        let mut text = "version 1\n".to_owned();
        let mut ids = std::collections::BTreeSet::new();
        for (id, parents, hash) in &lines {
            let sound = |id: &String| RevisionId::check(id).is_ok();
            if !sound(id) || !parents.iter().all(sound) || !ids.insert(id) {
                continue;
            }
            let parents = if parents.is_empty() { "-".to_owned() } else { parents.join(",") };
            let state = hash.as_deref().unwrap_or("draft");
            text.extend([id.as_str(), " ", &parents, " ", state, "\n"]);
        }
        if crlf {
            text = text.replace('\n', "\r\n");
        }
        let lock = ChainLock::parse("chain.lock", &text);
        prop_assert_eq!(lock.map(|lock| lock.iter().count()), Ok(ids.len()));
        invariants::lock(&text);
    }

    #[test]
    fn what_is_written_is_read_back(
        message in prop_oneof![any::<String>(), "[-a-z :\n\r\u{85}\u{2028}]{0,30}"],
        parents in prop::collection::btree_set("p[a-z0-9_.]{0,9}", 0..4),
        labels in prop::collection::btree_set("l[a-z0-9_.]{0,9}", 0..4),
        depends_on in prop::collection::btree_set("d[a-z0-9_.]{0,9}", 0..4),
        phase in select(&[None, Some(Phase::Expand), Some(Phase::Contract)][..]),
        sql in real_texts(&["sql", "revision"]),
        line in select(&["up", "down", "up sqlite", "irreversible it's gone", "down mysql no-transaction"][..]),
    ) {
        let new = NewRevision {
            id: "a".parse().unwrap(),
            parents: parents.iter().map(|id| id.parse().unwrap()).collect(),
            labels: labels.iter().cloned().collect(),
            depends_on: depends_on.iter().cloned().collect(),
            message,
            created: "2026-11-20T14:32:05Z".to_owned(),
            phase,
            sections: vec![(line.to_owned(), sql)],
        };
        let folder = Folder {
            files: vec![File { name: "a.sql".to_owned(), text: new.render().into() }],
            ..Folder::default()
        };
        let survey = Survey::new(&folder, &Config::default());
        let [read] = &survey.revisions[..] else {
            panic!("{:?}", survey.diagnostics);
        };
        prop_assert_eq!(&read.id, &new.id);
        prop_assert_eq!(&*read.parents, &new.parents[..]);
        prop_assert_eq!(&*read.labels, &new.labels[..]);
        prop_assert_eq!(read.stated_phase, phase);
        prop_assert_eq!(&*read.depends_on, &new.depends_on[..]);
        prop_assert_eq!(&*read.created, &new.created);
        let words: Vec<_> = new.message.split_whitespace().collect();
        prop_assert_eq!(&*read.message, words.join(" "));

        let name = new.file_name("{created}_{id}_{slug}");
        prop_assert!(name.len() < 200 && name.ends_with(".sql"), "{}", name);
        prop_assert!(!name.contains(|c: char| c == '/' || c == '\\' || c.is_control()), "{}", name);
    }
}

/// Runs `work` and fails if it takes much longer than any linear work would.
#[track_caller]
fn in_time(what: &str, work: impl FnOnce() + Send + 'static) {
    let (done, finished) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        work();
        done.send(()).expect("the test waits");
    });
    if let Err(mpsc::RecvTimeoutError::Timeout) = finished.recv_timeout(Duration::from_secs(60)) {
        panic!("{what} does not end");
    }
    if thread.join().is_err() {
        panic!("{what} panics");
    }
}

/// The size of the hostile texts in bytes: quadratic time would not finish.
const LARGE: usize = 300_000;

/// A piece, and the texts before and after its many copies.
const HOSTILE: [(&str, &str, &str); 40] = [
    ("", "/*", ""),
    ("", "/*", "*/"),
    ("", "/* */", ""),
    ("", "/*! ", ""),
    ("", "'", ""),
    ("", "''", "'"),
    ("E'", "\\'", ""),
    ("", "E'\\''\n", ""),
    ("", "\"", ""),
    ("", "`", ""),
    ("", "[", ""),
    ("", "$a$", ""),
    ("", "$a", ""),
    ("", "$a$ $b$", ""),
    ("", "(", ""),
    ("", ")", ""),
    ("", "(;", ""),
    ("", "-", ""),
    ("", "+-", "x"),
    ("", "BEGIN ", ""),
    ("", "BEGIN;", ""),
    ("CREATE TRIGGER t ", "BEGIN ", ""),
    ("CREATE PROCEDURE p ", "CASE ", "END "),
    ("CREATE PROCEDURE p AS ", "PROCEDURE q AS ", ""),
    ("CREATE FUNCTION f() ", "RETURNS ", ""),
    ("", "DELIMITER x\n", ""),
    ("", "DELIMITER ", "x"),
    ("", ";DELIMITER\t;", ""),
    ("", "a: ", ""),
    ("", "<<", ">>"),
    ("", "\\! x;\n", ""),
    ("", "COPY t FROM STDIN;", ""),
    ("COPY ", "a, ", "FROM STDIN"),
    ("-- migrate: up mysql\n", "-- migrate: up\n", ""),
    ("", "-- migrate: x\n", ""),
    ("-- migrate: up ", "x ", ""),
    ("-- ", "x", ": y\n"),
    ("", "-- x: y\n", ""),
    ("-- parents: ", "a,", "\n"),
    ("-- labels: ", "é,", "\n"),
];

#[test]
fn large_and_hostile_revisions_take_linear_time() {
    for (before, piece, behind) in HOSTILE {
        let many = piece.repeat(LARGE / piece.len());
        let text = format!("{before}{many}{behind}");
        in_time(&format!("{before}{piece}…{behind}"), move || {
            invariants::section(&text);
            let revision = format!("-- revision: a\n{text}");
            invariants::folder(&[&revision, &text], None, &Config::default());
        });
    }
    // Each changes the revision.
    for piece in [
        "-- parents: {}\n",
        "$a{}$ ",
        "-- k{}: v\n",
        "{}:\n",
        "DELIMITER {}\n",
    ] {
        let many = (0..LARGE / piece.len()).map(|n| piece.replace("{}", &n.to_string()));
        let text: String = many.collect();
        let list: String = (0..LARGE / 8).map(|number| format!("a{number},")).collect();
        in_time(piece, move || {
            invariants::section(&text);
            let parents = format!("-- revision: a\n-- parents: {list}\n");
            let labels = format!("-- revision: b\n-- labels: {list}\n");
            let texts = [&*text, &parents, &labels];
            invariants::folder(&texts, None, &Config::default());
        });
    }
}

#[test]
fn large_and_hostile_settings_take_linear_time() {
    for piece in [
        "a",
        "\n",
        "[",
        "{",
        "a.",
        "[a]\n",
        "a={",
        "x",
        "\"",
        "'''",
        "a - draft\n",
        "a b\n",
        "-",
        "+1",
        "@",
        ",",
        "#",
        "version 1\n",
        "<<<<<<< a\n",
    ] {
        let many = piece.repeat(LARGE / piece.len());
        in_time(piece, move || {
            for text in [&many, &format!("a{many}=1"), &format!("version 1\n{many}")] {
                invariants::config(text);
                invariants::lock(text);
                invariants::target(text);
            }
        });
    }
    let lines = |line: &str| -> String {
        let lines = (0..LARGE / line.len()).map(|number| line.replace("{}", &number.to_string()));
        lines.collect()
    };
    let config = lines("k{} = 1\n");
    let envs = lines("[env.e{}]\nurl = 1\n");
    let lock = format!("version 1\n{}", lines("a{} - draft\n"));
    in_time("distinct lines", move || {
        invariants::config(&config);
        invariants::config(&envs);
        invariants::lock(&lock);
        invariants::lock(&lock.replace("draft", "drift"));
    });
}
