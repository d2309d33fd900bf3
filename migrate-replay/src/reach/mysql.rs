//! MySQL and MariaDB.

use super::{Found, Item, Items as _, Named, ReachKind, matching, names};
use migrate_core::Dialect;

/// Statements that act on the server, by their first words (MySQL manual, "SQL Statements"; MariaDB
/// manual, the same). Privileges and accounts are in tables of the server.
const SERVER: &[&str] = &[
    // Account management.
    "ALTER USER",
    "CREATE USER",
    "DROP USER",
    "RENAME USER",
    "CREATE ROLE",
    "DROP ROLE",
    "GRANT",
    "REVOKE",
    "SET PASSWORD",
    "SET DEFAULT ROLE",
    "SET ROLE",
    // Resource groups, components, plugins, loadable functions, clone.
    "ALTER RESOURCE GROUP",
    "CREATE RESOURCE GROUP",
    "DROP RESOURCE GROUP",
    "SET RESOURCE GROUP",
    "INSTALL COMPONENT",
    "INSTALL PLUGIN",
    "INSTALL SONAME",
    "UNINSTALL COMPONENT",
    "UNINSTALL PLUGIN",
    "UNINSTALL SONAME",
    "CLONE LOCAL",
    "CLONE INSTANCE",
    // Administration.
    "BINLOG",
    "CACHE INDEX",
    "FLUSH",
    "KILL",
    "LOAD INDEX",
    "RESET BINARY",
    "RESET MASTER",
    "RESET PERSIST",
    "RESET QUERY",
    "RESET REPLICA",
    "RESET SLAVE",
    "RESTART",
    "SHUTDOWN",
    "BACKUP LOCK",
    "BACKUP STAGE",
    "BACKUP UNLOCK",
    "LOCK INSTANCE",
    "UNLOCK INSTANCE",
    "LOCK BINLOG",
    "UNLOCK BINLOG",
    "LOCK TABLES FOR BACKUP",
    // Replication.
    "CHANGE MASTER",
    "CHANGE REPLICATION",
    "PURGE BINARY",
    "PURGE MASTER",
    "START ALL",
    "START GROUP_REPLICATION",
    "START REPLICA",
    "START SLAVE",
    "STOP ALL",
    "STOP GROUP_REPLICATION",
    "STOP REPLICA",
    "STOP SLAVE",
    // Definitions for the whole server, or of another one.
    "ALTER INSTANCE",
    "ALTER LOGFILE GROUP",
    "ALTER SERVER",
    "ALTER TABLESPACE",
    "ALTER UNDO TABLESPACE",
    "CREATE LOGFILE GROUP",
    "CREATE SERVER",
    "CREATE SPATIAL REFERENCE SYSTEM",
    "CREATE TABLESPACE",
    "CREATE UNDO TABLESPACE",
    "DROP LOGFILE GROUP",
    "DROP SERVER",
    "DROP SPATIAL REFERENCE SYSTEM",
    "DROP TABLESPACE",
    "DROP UNDO TABLESPACE",
    // Files, and transactions that outlive their session.
    "IMPORT TABLE",
    "LOAD DATA",
    "LOAD XML",
    "XA",
];

/// Functions that read files, run programs, or act on the server (MySQL manual, "String Functions",
/// "Functions Used with Group Replication", "Keyring Functions"; lib_mysqludf_sys).
const FUNCTIONS: &[&str] = &[
    "LOAD_FILE",
    "SYS_EXEC",
    "SYS_EVAL",
    "SYS_SET",
    "GROUP_REPLICATION_SET_AS_PRIMARY",
    "GROUP_REPLICATION_SWITCH_TO_SINGLE_PRIMARY_MODE",
    "GROUP_REPLICATION_SWITCH_TO_MULTI_PRIMARY_MODE",
    "GROUP_REPLICATION_SET_WRITE_CONCURRENCY",
    "GROUP_REPLICATION_SET_COMMUNICATION_PROTOCOL",
    "ASYNCHRONOUS_CONNECTION_FAILOVER_ADD_SOURCE",
    "ASYNCHRONOUS_CONNECTION_FAILOVER_DELETE_SOURCE",
    "KEYRING_KEY_GENERATE",
    "KEYRING_KEY_REMOVE",
    "KEYRING_KEY_STORE",
];

/// Engines whose rows are on another server or in other files (MySQL manual, "The FEDERATED Storage
/// Engine"; MariaDB manual, "CONNECT", "Spider", "FederatedX", "S3").
const ENGINES: &[&str] = &[
    "FEDERATED",
    "FEDERATEDX",
    "CONNECT",
    "SPIDER",
    "S3",
    "SPHINX",
    "NDB",
    "NDBCLUSTER",
];

/// Databases of the server itself. Reading them changes nothing.
const SYSTEM: &[&str] = &["information_schema", "performance_schema", "mysql", "sys"];

/// Returns whether a database belongs to the server itself.
pub(super) fn is_system(name: &str) -> bool {
    SYSTEM
        .iter()
        .any(|system| name.eq_ignore_ascii_case(system))
}

pub(super) fn read(items: &[Item<'_>], found: &mut Found) {
    let read = names::read(Dialect::MySql, items);
    let body = read.body.unwrap_or(usize::MAX);
    let outer = found.deferred;
    for name in &read.names {
        found.deferred = outer || name.first >= body;
        let is_database = name.parts > 2 || name.is_object;
        let at = items.at(name.first);
        let is_variable = at.is("NEW") || at.is("OLD");
        if is_database && !is_variable {
            self::database(items, name, found);
        }
    }
    let ends = read.starts.iter().skip(1).copied().chain([items.len()]);
    for (start, end) in read.starts.iter().zip(ends) {
        found.deferred = outer || *start >= body;
        statement(items, *start, end, found);
    }
    found.deferred = outer;
    event(items, found);
    let runs_text = runs_text(items);
    for (place, item) in items.iter().enumerate() {
        found.deferred = outer || place >= body;
        anywhere(items, place, found);
        if runs_text {
            found.perhaps_sql(*item);
        }
    }
    found.deferred = outer;
}

/// Returns whether a text may be run as SQL: directly, or through a user variable.
fn runs_text(items: &[Item<'_>]) -> bool {
    items.windows(2).enumerate().any(|(place, pair)| {
        let prepares = pair[0].is("PREPARE") || (pair[0].is("EXECUTE") && pair[1].is("IMMEDIATE"));
        let keeps = pair[0].is_any(&["INTO", "SET"]) && pair[1].is_sign("@");
        let keeps = keeps && !items.at(place + 2).is_sign("@");
        prepares || keeps || pair[1].is_sign(":=")
    })
}

fn database(items: &[Item<'_>], name: &names::Qualified, found: &mut Found) {
    let at = items.at(name.first);
    let object = items
        .get(name.first + 2)
        .map_or(at.end() + 1, |item| item.start);
    let written = at.name(Dialect::MySql);
    match name.named {
        Named::Read if is_system(&written) => {}
        // A function of `sys` only reads.
        Named::Called
            if written.eq_ignore_ascii_case("sys")
                && items.at(name.first + 3).is_sign("(")
                && !before_is_call(items, name.first) => {}
        Named::Written | Named::Called if is_system(&written) => {
            let table = items.at(name.first + 2);
            found.server(
                format!("write to `{written}.{}`", table.name(Dialect::MySql)),
                at,
            );
        }
        named => found.database(at, named, object),
    }
}

fn before_is_call(items: &[Item<'_>], place: usize) -> bool {
    place > 0 && items.at(place - 1).is("CALL")
}

/// Checks the words that begin a statement.
fn statement(items: &[Item<'_>], start: usize, end: usize, found: &mut Found) {
    let first = items.at(start);
    let next = items.at(start + 1);
    // A column of this name, or a function.
    if next.is_sign(".") || next.is_sign("=") || next.is_sign("(") {
        return;
    }
    if first.is("USE") && next.is_name(Dialect::MySql) && !next.is_any(&["INDEX", "KEY"]) {
        return found.database(next, Named::Used, next.end());
    }
    if first.is_any(&["CREATE", "ALTER", "DROP"]) {
        let what = items.skip(start + 1, &["OR", "REPLACE"]);
        if items.at(what).is_any(&["DATABASE", "SCHEMA"]) {
            return own_database(items, what + 1, found);
        }
        // `CREATE OR REPLACE USER` of MariaDB.
        let words = [
            first,
            items.at(what),
            items.at(what + 1),
            items.at(what + 2),
        ];
        if let Some(what) = matching(&words, 0, SERVER) {
            return found.server(what, first);
        }
        return;
    }
    if first.is("SET") {
        return set(items, start, end, found);
    }
    if first.is("XA") && next.is("RECOVER") {
        return;
    }
    if let Some(what) = matching(items, start, SERVER) {
        // As words of an expression after THEN or ELSE, none of these follows them.
        let is_word_alone = !what.contains(' ');
        let is_statement = match what {
            "SHUTDOWN" | "RESTART" => next.text.is_empty() || next.is_sign(";") || next.is("WAIT"),
            "FLUSH" => next.is_name(Dialect::MySql) && !next.is("END"),
            "BINLOG" => next.is_text(),
            _ => !is_word_alone || !next.is_sign(","),
        };
        if is_statement {
            let what = match what {
                "FLUSH" | "XA" => format!("{what} {}", next.text.to_ascii_uppercase()),
                what => what.to_owned(),
            };
            found.server(what, first);
        }
    }
}

/// `CREATE DATABASE shop`; ALTER without a name means the current database.
fn own_database(items: &[Item<'_>], place: usize, found: &mut Found) {
    const OPTIONS: &[&str] = &[
        "CHARACTER",
        "CHARSET",
        "COLLATE",
        "COMMENT",
        "DEFAULT",
        "ENCRYPTION",
        "READ",
        "UPGRADE",
        "",
    ];
    let place = items.skip(place, &["IF", "NOT", "EXISTS"]);
    let name = items.at(place);
    if name.is_name(Dialect::MySql) && !name.is_any(OPTIONS) {
        found.database(name, Named::Itself, name.end());
    }
}

/// `SET` assigns variables of the session, of the user (`@a`), and of the server.
fn set(items: &[Item<'_>], start: usize, end: usize, found: &mut Found) {
    const GLOBAL: &[&str] = &["GLOBAL", "PERSIST", "PERSIST_ONLY"];
    if let Some(what) = matching(items, start, SERVER) {
        return found.server(what, items.at(start));
    }
    let mut begins = true;
    for place in start + 1..end {
        let item = items.at(place);
        let next = items.at(place + 1);
        if item.is_sign(";") {
            break;
        }
        if begins {
            let of_server = item.is_sign("@") && next.is_sign("@");
            let scope = if of_server { items.at(place + 2) } else { item };
            let is_scope = if of_server {
                items.at(place + 3).is_sign(".")
            } else {
                // `SET global = 1` assigns a variable of that name.
                next.is_name(Dialect::MySql) || next.is_sign("@")
            };
            if is_scope && scope.is_any(GLOBAL) {
                found.server(format!("SET {}", scope.text.to_ascii_uppercase()), scope);
            }
        }
        if item.is("SQL_LOG_BIN") && (next.is_sign("=") || next.is_sign(":=")) {
            found.server("SET SQL_LOG_BIN", item);
        }
        begins = item.is_sign(",") || item.is("STATEMENT");
    }
}

/// Checks for constructs that can be anywhere in a statement.
fn anywhere(items: &[Item<'_>], place: usize, found: &mut Found) {
    let item = items.at(place);
    if item.kind != super::TokenKind::Word {
        return;
    }
    let next = items.at(place + 1);
    let before = match place {
        0 => Item::NONE,
        place => items.at(place - 1),
    };
    if before.is_sign(".") || before.is_sign("@") || next.is_sign(".") {
        return;
    }
    if item.is("INTO") && next.is_any(&["OUTFILE", "DUMPFILE"]) {
        found.server(format!("INTO {}", next.text.to_ascii_uppercase()), item);
    } else if item.is("SONAME") && next.is_text() && items.at(0).is("CREATE") {
        found.server("CREATE FUNCTION … SONAME", item);
    } else if item.is_any(&["ENGINE", "TYPE"]) {
        engine(items, place, found);
    } else if item.is_any(&["DATA", "INDEX"]) && next.is("DIRECTORY") {
        let value = items.skip_sign(place + 2, "=");
        if items.at(value).is_text() {
            let at = item.start..items.at(value).end();
            // A comma may precede it, and none may be left after it.
            let comma = items
                .at(value + 1)
                .is_sign(",")
                .then(|| items.at(value + 1).end());
            found.push(ReachKind::Directory, at.start..comma.unwrap_or(at.end));
        }
    } else if item.is_any(&["DISCARD", "IMPORT"]) && next.is("TABLESPACE") {
        found.server(
            format!("{} TABLESPACE", item.text.to_ascii_uppercase()),
            item,
        );
    } else if item.is("DEFINER") && next.is_sign("=") {
        definer(items, place, found);
    } else if next.is_sign("(") && item.is_any(FUNCTIONS) {
        found.server(format!("{}()", item.text.to_ascii_uppercase()), item);
    }
}

trait SkipSign {
    fn skip_sign(&self, place: usize, sign: &str) -> usize;
}

impl SkipSign for [Item<'_>] {
    fn skip_sign(&self, place: usize, sign: &str) -> usize {
        place + usize::from(self.at(place).is_sign(sign))
    }
}

fn engine(items: &[Item<'_>], place: usize, found: &mut Found) {
    let is_set = items.at(place + 1).is_sign("=");
    let value = items.at(items.skip_sign(place + 1, "="));
    let name = value.name(Dialect::MySql);
    let known = ENGINES
        .iter()
        .any(|engine| name.eq_ignore_ascii_case(engine));
    // A column can have this name, and `connect` can be a name too.
    if known && is_set
        || (known && items.at(place).is("ENGINE") && place > 0 && items.at(place - 1).is_sign(")"))
    {
        found.server(
            format!("ENGINE {}", name.to_ascii_uppercase()),
            items.at(place),
        );
    }
}

/// `DEFINER = 'app'@'%'`, or a role.
fn definer(items: &[Item<'_>], place: usize, found: &mut Found) {
    let mut last = place + 2;
    if items.at(last).is_any(&["CURRENT_USER", "CURRENT_ROLE"]) {
        return;
    }
    if items.at(last + 1).is_sign("@") {
        last += 2;
    }
    let end = items.at(last).end();
    if end > items.at(place).start {
        found.push(ReachKind::Definer, items.at(place).start..end);
    }
}

/// Finds where an event is enabled. After its schedule come, each optional, `ON COMPLETION …`,
/// `ENABLE` or `DISABLE`, `COMMENT …` and `DO …` (MySQL manual, "CREATE EVENT Statement").
fn event(items: &[Item<'_>], found: &mut Found) {
    /// `CREATE OR REPLACE DEFINER = 'a'@'b' EVENT` has this many words before it.
    const MOST: usize = 8;
    let first = items.at(0);
    let mut words = items.iter().take(MOST);
    let Some(place) = words.position(|item| item.is("EVENT")) else {
        return;
    };
    let is_known =
        |item: &Item<'_>| item.is_any(&["TABLE", "TRIGGER", "VIEW", "PROCEDURE", "FUNCTION"]);
    if !first.is_any(&["CREATE", "ALTER"]) || items[..place].iter().any(is_known) {
        return;
    }
    let mut depth = 0_usize;
    for item in items.iter().skip(place + 1) {
        match item.text {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            _ if item.is("DISABLE") => return,
            _ if item.is("ENABLE") => return found.push(ReachKind::Event, item.range()),
            _ if item.is("DO") || item.is("COMMENT") => {
                if first.is("CREATE") {
                    found.push(ReachKind::Event, item.start..item.start);
                }
                return;
            }
            _ => {}
        }
    }
}
