use std::path::Path;
use std::process::Command;

use migrate_sql::{Dialect, Lexer, TokenKind, unquoted};

use super::{output_of, with_sorted_tables};

/// Returns what the dump client of the server writes of the schema in the database at a url, with
/// routines, triggers and events: `mariadb-dump`, or of MySQL itself its own `mysqldump`.
///
/// Left out is what no schema has: the next number of an `AUTO_INCREMENT` or a sequence, who owns what, and when
/// an event or a history began that begins when it is created; those of the cases begin in 2020. The
/// beginning of a trigger, which the server keeps as it was typed, is written in one way, and without
/// the one that it follows, as the triggers are in their order.
///
/// # Panics
///
/// The client is not installed, or refuses.
#[must_use]
pub fn mysql_dump(url: &str, is_mariadb: bool) -> String {
    let (_, database) = url.rsplit_once('/').expect("the url names a database");
    let dump = mysql_script(url, is_mariadb)
        .replace(database, "the_database")
        .replace("FOR EACH ROW\n", "FOR EACH ROW ")
        // MySQL keeps the semicolon of a message with several statements.
        .replace("; */", " */")
        .replace("; ;;", " ;;");
    let lines: Vec<String> = dump
        .lines()
        .map(without_what_no_schema_has)
        .filter(|line| !line.is_empty() && !line.starts_with("DO SETVAL("))
        .collect();
    with_sorted_tables(&without_typed_collations(&lines).join("\n"))
}

/// Returns what the dump client writes, as it is.
///
/// # Panics
///
/// The client is not installed, or refuses.
#[must_use]
pub fn mysql_script(url: &str, is_mariadb: bool) -> String {
    let url = url::Url::parse(url).expect("a url");
    let database = url.path().trim_start_matches('/');
    let mut command = match is_mariadb {
        true => Command::new("mariadb-dump"),
        false => fetched_client("mysqldump"),
    };
    command.args(["--no-defaults", "--protocol=tcp", "--no-data", "--routines"]);
    command.args([
        "--triggers",
        "--events",
        "--skip-comments",
        "--skip-dump-date",
    ]);
    command.args(["--default-character-set=utf8mb4", "--no-tablespaces"]);
    if !is_mariadb {
        command.args(["--ssl-mode=DISABLED", "--get-server-public-key"]);
        command.args(["--column-statistics=0", "--set-gtid-purged=OFF"]);
    }
    command
        .arg(format!("--host={}", url.host_str().expect("a host")))
        .arg(format!("--port={}", url.port().expect("a port")))
        .arg(format!("--user={}", url.username()))
        .arg(format!("--ignore-table={database}.migrate_revision"))
        .arg(format!("--ignore-table={database}.migrate_event"))
        .arg(database)
        .env("MYSQL_PWD", url.password().expect("a password"));
    output_of(&mut command)
}

/// MySQL shows whether the collation of a column was typed, also where it is that of the table.
fn without_typed_collations(lines: &[String]) -> Vec<String> {
    let mut plain = Vec::with_capacity(lines.len());
    for (at, line) in lines.iter().enumerate() {
        let ends = lines[at..]
            .iter()
            .find(|line| line.starts_with(") ENGINE="));
        let own = ends.and_then(|line| line.split_once(" COLLATE="));
        let own = own.and_then(|(_, rest)| rest.split(' ').next());
        let mut line = line.clone();
        if let (true, Some(own)) = (line.starts_with("  `"), own)
            && let Some((before, rest)) = line.split_once(" CHARACTER SET ")
            && let Some((_, collation)) = rest.split_once(" COLLATE ")
        {
            line =
                format!("{before} COLLATE {collation}").replace(&format!(" COLLATE {own} "), " ");
        }
        plain.push(line);
    }
    plain
}

/// A program of the MySQL that `tests/fetched-server` has fetched.
fn fetched_client(program: &str) -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(root.join("fetched-server"));
    command
        .arg("run")
        .arg(root.join("../target/tools/mysql"))
        .arg(program);
    command
}

fn without_what_no_schema_has(line: &str) -> String {
    let mut line = line.to_owned();
    for (begin, end) in [
        (" AUTO_INCREMENT=", " "),
        ("DEFINER=", " "),
        (" STARTS TIMESTAMP'", "'"),
        (" STARTS '", "'"),
    ] {
        let Some(at) = line.find(begin) else { continue };
        let rest = at + begin.len();
        let is_of_a_case = begin.starts_with(" STARTS") && line[rest..].starts_with("2020-");
        if let (false, Some(length)) = (is_of_a_case, line[rest..].find(end)) {
            let keep = usize::from(end == " ");
            line.replace_range(at..rest + length + 1 - keep, "");
        }
    }
    match line.find("CREATE*/").and(line.find("TRIGGER")) {
        Some(at) => with_plain_trigger(&line, at),
        None => line,
    }
}

/// Writes `TRIGGER t BEFORE INSERT ON u FOR EACH ROW` in one way.
fn with_plain_trigger(line: &str, at: usize) -> String {
    let mut lexer = Lexer::new(Dialect::MySql, &line[at..]);
    let mut words = Vec::new();
    while let Ok(Some(token)) = lexer.next_token() {
        let text = &line[at..][token.start..token.end];
        match token.kind {
            TokenKind::Quoted => words.push(unquoted(text)),
            TokenKind::Word => words.push(text.to_owned()),
            _ => continue,
        }
        if words.len() > 3 && text.eq_ignore_ascii_case("ROW") {
            let mut rest = line[at + token.end..].trim_start();
            if rest.to_ascii_uppercase().starts_with("FOLLOWS ") {
                rest = rest.splitn(3, ' ').nth(2).unwrap_or_default();
            }
            return format!("{} {}", words.join(" "), rest);
        }
    }
    line.to_owned()
}
