//! The example web service gets a field: the compiler names the command that fixes it, and then the
//! service has it.

use std::cell::RefCell;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::diagnostics::compiler;
use crate::package::{cargo, root, write};

/// Copies the example into a workspace of its own, with the dependencies of this one.
fn copy_of_the_example(folder: &Path) {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("readable");
    let path = format!("path = \"{}/", root().display());
    let manifest: String = manifest
        .lines()
        .filter(|line| !line.starts_with("exclude"))
        .map(|line| match line.starts_with("members") {
            true => "members = [\"web\"]\n".to_owned(),
            false => format!("{line}\n").replace("path = \"", &path),
        })
        .collect();
    write(&folder.join("Cargo.toml"), &manifest);
    fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock")).expect("the lock can be copied");
    for below in ["src", "migrations", ""] {
        let from = root().join("examples/web").join(below);
        let to = folder.join("web").join(below);
        fs::create_dir_all(&to).expect("the folder can be made");
        for entry in fs::read_dir(from).expect("it is there") {
            let entry = entry.expect("readable");
            let is_data = entry.path().extension().is_some_and(|end| end == "db");
            if entry.path().is_file() && !is_data {
                fs::copy(entry.path(), to.join(entry.file_name())).expect("it can be copied");
            }
        }
    }
}

/// Runs the command in the example; returns what it says on both.
fn migrate(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_cargo-migrate"))
        .current_dir(folder.join("web"))
        .args(arguments)
        .env("NO_COLOR", "1")
        .env("CARGO_MIGRATE_TEST_NOW", "2026-12-01T10:00:00Z")
        .env("CARGO_MIGRATE_TEST_SEED", "1")
        .env_remove("CI")
        .env_remove("DATABASE_URL")
        .env_remove("MIGRATE_ENV")
        .output()
        .expect("the command starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = text(&output.stderr) + &text(&output.stdout);
    assert!(output.status.success(), "{arguments:?}: {said}");
    said
}

/// The words of a command in backticks, as a shell takes them.
fn words(help: &str) -> Vec<&str> {
    let command = help.split('`').nth(1).expect("a command in backticks");
    let mut words = Vec::new();
    for (number, part) in command.split('"').enumerate() {
        match number % 2 {
            0 => words.extend(part.split_whitespace()),
            _ => words.push(part),
        }
    }
    words
}

/// The service, until the test ends in any way.
struct Service(Child, String);

impl Service {
    fn start(program: &Path, folder: &Path) -> Self {
        let mut child = Command::new(program)
            .current_dir(folder.join("web"))
            .env("LISTEN", "127.0.0.1:0")
            .env_remove("APP_ENV")
            .env_remove("DATABASE_URL")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the service starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("it is a pipe");
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("it says where it listens");
        let address = line.trim().strip_prefix("listening on http://");
        let address = address.expect("it listens").to_owned();
        Self(child, address)
    }

    fn post(&self, note: &str) -> String {
        let mut stream = TcpStream::connect(&self.1).expect("it answers");
        let length = note.len();
        write!(
            stream,
            "POST /notes HTTP/1.1\r\nHost: notes\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{note}"
        )
        .expect("it listens");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        answer
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.0.kill().expect("it runs");
        self.0.wait().expect("it ends");
    }
}

fn built(messages: &[Value]) -> &Path {
    let program = messages
        .iter()
        .find_map(|message| message["executable"].as_str());
    Path::new(program.expect("the service was built"))
}

/// The page of the example shows what is said here, word for word.
#[test]
fn a_field_is_added_to_the_example() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    copy_of_the_example(folder);
    let page = fs::read_to_string(root().join("examples/web/README.md")).expect("readable");
    let lacking = RefCell::new(String::new());
    let shows = |said: &str| {
        if !said.lines().all(|line| page.contains(line.trim_end())) {
            lacking.borrow_mut().extend([said, "\n"]);
        }
    };
    let source = folder.join("web/src/lib.rs");
    let before = fs::read_to_string(&source).expect("readable");
    assert_eq!(migrate(folder, &["run", "-q"]), "");

    let field = "    #[column(default = false)]\n    pinned: bool,\n";
    shows(field);
    let last = "default = \"''\")]\n    tag: String,\n";
    assert_eq!(before.matches(last).count(), 1, "{before}");
    let queries = "id, text, tag, pinned";
    shows(queries);
    assert_eq!(before.matches("id, text, tag").count(), 2, "{before}");
    let after = before
        .replace(last, &format!("{last}{field}"))
        .replace("id, text, tag", queries);
    fs::write(&source, after).expect("it can be written");
    let messages = cargo(folder, &["check", "-p", "web"]);
    let told = compiler(&messages, "web");
    let [(text, drawn)] = told[..] else {
        panic!("one error was expected: {told:#?}");
    };
    shows(&drawn.replace("web/src", "examples/web/src"));

    let words = words(text.split("= help: ").nth(1).expect("a help"));
    assert_eq!(words[..2], ["cargo", "migrate"]);
    shows(&migrate(folder, &words[2..]));
    let file = folder.join("web/migrations/20261201T100000_910a2dec8902_add_pinned_to_notes.sql");
    shows(&fs::read_to_string(file).expect("the revision"));

    let messages = cargo(folder, &["build", "-p", "web"]);
    assert_eq!(compiler(&messages, "web"), []);
    let service = Service::start(built(&messages), folder);
    let answer = service.post("{\"text\":\"buy milk\"}");
    let note = "{\"id\":1,\"text\":\"buy milk\",\"tag\":\"\",\"pinned\":false}";
    assert!(answer.ends_with(note), "{answer}");
    shows(note);
    shows(&migrate(folder, &["verify", "--models"]));
    migrate(folder, &["check", "--models"]);
    let lacking = lacking.into_inner();
    assert!(lacking.is_empty(), "the page lacks\n{lacking}");
}
