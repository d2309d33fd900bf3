//! Extensions of SQLite: a real one, compiled here, whose function, collation and virtual table the
//! chain needs.

use std::path::PathBuf;
use std::process::Command;

use migrate_tests::TestProject;

use crate::Done as _;

/// A function `answer()`, a collation `backwards` and a module `single`.
const SOURCE: &str = r#"
#include "sqlite3ext.h"
#include <string.h>
SQLITE_EXTENSION_INIT1

static void answer(sqlite3_context *context, int n, sqlite3_value **values) {
    sqlite3_result_int(context, 42);
}
static int backwards(void *unused, int n, const void *a, int m, const void *b) {
    int order = memcmp(a, b, n < m ? n : m);
    return order ? -order : m - n;
}
static int attach(sqlite3 *db, void *aux, int n, const char *const *words, sqlite3_vtab **table, char **error) {
    *table = sqlite3_malloc(sizeof(sqlite3_vtab));
    if (!*table) return SQLITE_NOMEM;
    memset(*table, 0, sizeof(sqlite3_vtab));
    return sqlite3_declare_vtab(db, "CREATE TABLE x(value)");
}
static int detach(sqlite3_vtab *table) { sqlite3_free(table); return SQLITE_OK; }
static int plan(sqlite3_vtab *table, sqlite3_index_info *info) { return SQLITE_OK; }
static int begin(sqlite3_vtab *table, sqlite3_vtab_cursor **cursor) {
    *cursor = sqlite3_malloc(sizeof(sqlite3_vtab_cursor));
    return *cursor ? SQLITE_OK : SQLITE_NOMEM;
}
static int end(sqlite3_vtab_cursor *cursor) { sqlite3_free(cursor); return SQLITE_OK; }
static int filter(sqlite3_vtab_cursor *cursor, int n, const char *text, int m, sqlite3_value **values) { return SQLITE_OK; }
static int next(sqlite3_vtab_cursor *cursor) { return SQLITE_OK; }
static int eof(sqlite3_vtab_cursor *cursor) { return 1; }
static int column(sqlite3_vtab_cursor *cursor, sqlite3_context *context, int n) { return SQLITE_OK; }
static int rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *row) { *row = 0; return SQLITE_OK; }
static sqlite3_module single = {
    0, attach, attach, plan, detach, detach, begin, end, filter, next, eof, column, rowid
};

int sqlite3_extension_init(sqlite3 *db, char **error, const sqlite3_api_routines *api) {
    SQLITE_EXTENSION_INIT2(api);
    sqlite3_create_function(db, "answer", 0, SQLITE_UTF8 | SQLITE_DETERMINISTIC, 0, answer, 0, 0);
    sqlite3_create_collation(db, "backwards", SQLITE_UTF8, 0, backwards);
    return sqlite3_create_module(db, "single", &single, 0);
}
"#;

/// The folder with the headers of the SQLite that the command is built with: cargo has unpacked it,
/// and its lock file names the version.
fn headers() -> PathBuf {
    let lock = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock");
    let lock = std::fs::read_to_string(lock).expect("a lock file");
    let (_, rest) = lock
        .split_once("name = \"libsqlite3-sys\"\nversion = \"")
        .expect("SQLite");
    let (version, _) = rest.split_once('"').expect("a version");
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home
        .or_else(|| Some(std::env::home_dir()?.join(".cargo")))
        .expect("cargo's folder");
    let sources = std::fs::read_dir(home.join("registry/src")).expect("cargo's sources");
    sources
        .map(|registry| registry.expect("a folder").path())
        .map(|registry| registry.join(format!("libsqlite3-sys-{version}/sqlite3")))
        .find(|folder| folder.join("sqlite3ext.h").is_file())
        .expect("cargo has unpacked SQLite")
}

/// Compiles the extension as `lib/small` of the project.
fn compile(project: &TestProject) {
    project.write("small.c", SOURCE);
    std::fs::create_dir_all(project.path().join("lib")).expect("a folder");
    let output = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .arg(
            project
                .path()
                .join(format!("lib/small{}", std::env::consts::DLL_SUFFIX)),
        )
        .arg("-I")
        .arg(headers())
        .arg(project.path().join("small.c"))
        .output()
        .expect("a compiler of C");
    assert!(output.status.success(), "{output:?}");
}

const NEEDING: &str = "-- revision: a\n-- parents: none\n\n-- migrate: up\n\
    CREATE TABLE post (id INTEGER PRIMARY KEY, title TEXT COLLATE backwards, answer INTEGER DEFAULT (answer()));\n\
    CREATE INDEX by_title ON post (title);\n\
    CREATE VIRTUAL TABLE one USING single;\n\
    INSERT INTO post (title) VALUES ('a'), ('b');\n\n\
    -- migrate: down\nDROP TABLE one;\nDROP TABLE post;\n";

fn needing() -> TestProject {
    let project = crate::project();
    project.write("migrations/a.sql", NEEDING);
    project.write("migrate.toml", "");
    project.run(["repair", "--execute"]).done();
    project.run(["lock"]).success().done();
    compile(&project);
    project
}

fn config(project: &TestProject, more: &str) {
    project.write(
        "migrate.toml",
        format!("dialects = [\"sqlite\"]\n[env.dev]\nurl = \"sqlite://dev.db\"\n{more}"),
    );
}

#[test]
fn they_are_loaded_into_every_connection() {
    let project = needing();
    project.write(".env", "EXTENSIONS=lib\n");
    for setting in [
        "[sqlite]\nextensions = [\"./lib/small\"]\n",
        "[sqlite]\nextensions = [\"${EXTENSIONS}/small\"]\n",
        "[env.dev.sqlite]\nextensions = [\"lib/small\"]\n[sqlite]\nextensions = [\"lib/none\"]\n",
    ] {
        config(&project, setting);
        // The real database, scratch ones, and the copy of a backup.
        for command in [
            &["run"][..],
            &["verify"],
            &["backup"],
            &["stamp", "head", "--detect"],
            &["redo"],
            &["revert"],
            &["reset", "--yes"],
        ] {
            let output = project.run(command);
            assert_eq!(output.code, Some(0), "{setting}{command:?}: {output}");
        }
        std::fs::remove_dir_all(project.path().join("backups")).expect("a backup was made");
        project.write("src/x.rs", "");
        let mut below = project.command();
        below.arg("verify").current_dir(project.path().join("src"));
        project.output(&mut below).success().done();
    }
    // SQLite's own shell has them as the revision made them.
    let shell = Command::new("sqlite3")
        .current_dir(project.path())
        .args([
            "dev.db",
            ".load lib/small",
            "SELECT group_concat(title || answer) FROM (SELECT * FROM post ORDER BY title)",
        ])
        .output()
        .expect("sqlite3 is installed");
    assert_eq!(
        String::from_utf8_lossy(&shell.stdout).trim(),
        "b42,a42",
        "{shell:?}"
    );
    // A name is found by the system.
    config(&project, "[sqlite]\nextensions = [\"small\"]\n");
    let mut command = project.command();
    command
        .arg("verify")
        .env("LD_LIBRARY_PATH", project.path().join("lib"));
    project.output(&mut command).success().done();
}

#[test]
fn without_them_the_error_names_the_setting() {
    for (statement, words) in [
        (
            "CREATE VIRTUAL TABLE one USING single",
            "no such module: single",
        ),
        (
            "CREATE TABLE x (y TEXT COLLATE backwards); CREATE INDEX z ON x (y)",
            "no such collation sequence: backwards",
        ),
        (
            "CREATE TABLE x AS SELECT answer() AS y",
            "no such function: answer",
        ),
    ] {
        let project = crate::project();
        config(&project, "");
        project.write("migrations/a.sql", format!("-- revision: a\n-- parents: none\n\n-- migrate: up\n{statement};\n\n-- migrate: irreversible x\n"));
        project.run(["repair", "--execute"]).done();
        project.run(["lock"]).success().done();
        let told = project.run(["run"]).code(1).stderr;
        assert!(told.contains(words), "{told}");
        assert!(
            told.contains("`extensions = [\"…\"]` below `[sqlite]`"),
            "{told}"
        );
    }
}

#[test]
fn one_that_cannot_be_loaded() {
    let project = needing();
    project.write("lib/text.so", "this is no library\n");
    for (setting, words) in [
        (
            "lib/none",
            "there is no SQLite extension at `$PROJECT/lib/none`",
        ),
        ("no_such_extension", "no_such_extension"),
        ("lib/text.so", "text.so"),
    ] {
        config(
            &project,
            &format!("[sqlite]\nextensions = [\"{setting}\"]\n"),
        );
        for format in ["human", "json"] {
            let output = project.run(["run", "--format", format]).code(1);
            assert!(output.to_string().contains(words), "{output}");
            if format == "json" {
                assert_eq!(output.json()["error"]["code"], "extension", "{output}");
            }
        }
    }
    config(&project, "[sqlite]\nextensions = [\"${NOT_SET}\"]\n");
    let told = project.run(["run"]).code(1).stderr;
    assert!(
        told.contains("an extension of `[sqlite]` needs the variable `NOT_SET`"),
        "{told}"
    );
}
