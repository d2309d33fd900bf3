//! PostgreSQL: roles, the server and its files, other servers, and the shared catalogs.

use super::{Found, Item, Items as _, Named, ReachKind, matching, names};
use migrate_core::Dialect;

/// Statements that act on the server or another one, by their first words (PostgreSQL manual, "SQL
/// Commands"). A user mapping contains the login for another server: without it, there is no
/// connection.
const SERVER: &[&str] = &[
    "ALTER GROUP",
    "ALTER ROLE",
    "ALTER SUBSCRIPTION",
    "ALTER SYSTEM",
    "ALTER TABLESPACE",
    "ALTER USER",
    "CHECKPOINT",
    "COMMIT PREPARED",
    "CREATE GROUP",
    "CREATE ROLE",
    "CREATE SUBSCRIPTION",
    "CREATE TABLESPACE",
    "CREATE USER",
    "DROP GROUP",
    "DROP OWNED",
    "DROP ROLE",
    "DROP SUBSCRIPTION",
    "DROP TABLESPACE",
    "DROP USER",
    "IMPORT FOREIGN SCHEMA",
    "LOAD",
    "PREPARE TRANSACTION",
    "REASSIGN OWNED",
    "ROLLBACK PREPARED",
];

/// The server objects that comments, labels and privileges can be on.
const OF_SERVER: &[&str] = &["ROLE", "TABLESPACE", "SUBSCRIPTION", "PARAMETER"];

/// Functions that act on the server, its files, or another server (PostgreSQL manual, 9.28 "System
/// Administration Functions", 33.4 "Server-Side Functions", F.12 "dblink", "adminpack"; the manuals
/// of http, pg_net, aws_s3 and aws_lambda). A `*` matches the rest of the name.
const FUNCTIONS: &[&str] = &[
    "dblink",
    "dblink_*",
    "postgres_fdw_disconnect*",
    "lo_import",
    "lo_export",
    "pg_read_file",
    "pg_read_binary_file",
    "pg_stat_file",
    "pg_ls_*",
    "pg_file_*",
    "pg_terminate_backend",
    "pg_cancel_backend",
    "pg_log_backend_memory_contexts",
    "pg_reload_conf",
    "pg_rotate_logfile*",
    "pg_logfile_rotate",
    "pg_switch_wal",
    "pg_switch_xlog",
    "pg_create_restore_point",
    "pg_promote",
    "pg_wal_replay_*",
    "pg_backup_start",
    "pg_backup_stop",
    "pg_start_backup",
    "pg_stop_backup",
    "pg_create_physical_replication_slot",
    "pg_create_logical_replication_slot",
    "pg_copy_physical_replication_slot",
    "pg_copy_logical_replication_slot",
    "pg_drop_replication_slot",
    "pg_replication_slot_advance",
    "pg_logical_slot_*",
    "pg_sync_replication_slots",
    "pg_replication_origin_*",
    "pg_stat_reset_shared",
    "pg_stat_reset_slru",
    "pg_stat_reset_replication_slot",
    "pg_stat_reset_subscription_stats",
    "pg_stat_statements_reset",
    "pg_buffercache_evict*",
    "http",
    "http_*",
    "aws_s3.*",
    "aws_lambda.*",
    "net.http_*",
    "cron.*",
    "pglogical.*",
];

/// Extensions that affect the whole server once they are created.
const EXTENSIONS: &[&str] = &["pg_cron", "pglogical", "spock", "bdr"];

/// The catalogs that all databases of a server share (PostgreSQL manual, "System Catalogs"), and
/// tables of extensions whose rows are commands to the server.
const SHARED: &[&str] = &[
    "pg_authid",
    "pg_auth_members",
    "pg_database",
    "pg_db_role_setting",
    "pg_parameter_acl",
    "pg_replication_origin",
    "pg_shdepend",
    "pg_shdescription",
    "pg_shseclabel",
    "pg_subscription",
    "pg_tablespace",
    "pg_shadow",
    "pg_roles",
    "pg_user",
    "pg_group",
];

/// Languages whose functions can do anything that the server's account can (PostgreSQL manual,
/// "Procedural Languages").
const UNTRUSTED: &[&str] = &[
    "plpythonu",
    "plpython2u",
    "plpython3u",
    "plperlu",
    "pltclu",
    "plsh",
    "plrustu",
    "pljavau",
    "plr",
    "plluau",
];

/// Keywords for roles that name no role (PostgreSQL manual, "GRANT").
const NO_ROLES: &[&str] = &[
    "PUBLIC",
    "CURRENT_USER",
    "CURRENT_ROLE",
    "SESSION_USER",
    "NONE",
    "DEFAULT",
];

pub(super) fn read(items: &[Item<'_>], found: &mut Found) {
    let read = names::read(Dialect::Postgres, items);
    let body = read.body.unwrap_or(usize::MAX);
    let outer = found.deferred;
    for name in &read.names {
        found.deferred = outer || name.first >= body;
        // `a.b.c` is a column of a table in a schema, unless it is called or is at the position of
        // an object.
        if name.parts > 3 || (name.parts == 3 && name.is_object) {
            let object = items.at(name.first + 2).start;
            found.database(items.at(name.first), name.named, object);
        }
    }
    let ends = read.starts.iter().skip(1).copied().chain([items.len()]);
    for (start, end) in read.starts.iter().zip(ends) {
        found.deferred = outer || *start >= body;
        statement(&items[*start..end.max(*start)], found);
    }
    for place in 0..items.len() {
        found.deferred = outer || place >= body;
        function(items, place, found);
    }
    found.deferred = outer;
    // In a body, EXECUTE runs texts, possibly built before.
    let executes = |item: &Item<'_>| item.is("EXECUTE");
    if found.depth > 0 && items.iter().any(executes) {
        items.iter().for_each(|item| found.perhaps_sql(*item));
    }
}

/// Checks a statement, which begins here and is not longer than this.
fn statement(items: &[Item<'_>], found: &mut Found) {
    let end = items.iter().position(|item| item.is_sign(";"));
    let items = &items[..end.unwrap_or(items.len())];
    let first = items.at(0);
    if first.is("CREATE") {
        return create(items, found);
    }
    if items.follow(0, &["ALTER", "DATABASE"]) {
        return alter_database(items, found);
    }
    if items.follow(0, &["DROP", "DATABASE"]) {
        return found.server("DROP DATABASE", first);
    }
    let is_mapping = items.follow(1, &["USER", "MAPPING"]);
    if is_mapping && first.is_any(&["ALTER", "DROP"]) {
        let what = format!("{} USER MAPPING", first.text.to_ascii_uppercase());
        return found.server(what, first);
    }
    if let Some(what) = matching(items, 0, SERVER) {
        let is_call = items.at(1).is_sign("(") || items.at(1).is_sign(":=");
        let is_name = what == "LOAD" && !items.at(1).is_text();
        if !is_call && !is_name {
            found.server(what, first);
        }
        return;
    }
    match first.text.to_ascii_uppercase().as_str() {
        "GRANT" | "REVOKE" => grant(items, found),
        "ALTER" => alter(items, found),
        "COMMENT" | "SECURITY" => comment(items, found),
        "COPY" => copy(items, found),
        "DO" => run(items, found),
        "SET" | "RESET" => set(items, found),
        "REINDEX" => reindex(items, found),
        "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "TRUNCATE" => shared(items, found),
        _ => {}
    }
}

/// Records the role named at a position, if it is one.
fn role(items: &[Item<'_>], place: usize, acts: bool, found: &mut Found) {
    let place = items.skip(place, &["GROUP", "ROLE", "USER"]);
    let item = items.at(place);
    if item.is_name(Dialect::Postgres) && !item.is_any(NO_ROLES) {
        let name = item.name(Dialect::Postgres);
        found.push(ReachKind::Role { name, acts }, item.range());
    }
}

/// Records the roles of a list, which begins here.
fn roles(items: &[Item<'_>], place: usize, found: &mut Found) {
    let mut place = place;
    loop {
        role(items, place, false, found);
        place = items.skip(place, &["GROUP", "ROLE", "USER"]) + 1;
        if !items.at(place).is_sign(",") {
            return;
        }
        place += 1;
    }
}

/// Returns the position of a keyword outside of parentheses.
fn outside(items: &[Item<'_>], words: &[&str]) -> Option<usize> {
    let mut depth = 0_usize;
    for (place, item) in items.iter().enumerate() {
        match item.text {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ if depth == 0 && item.is_any(words) => return Some(place),
            _ => {}
        }
    }
    None
}

fn create(items: &[Item<'_>], found: &mut Found) {
    let first = items.at(0);
    let what = items.skip(1, &["OR", "REPLACE"]);
    if items.follow(1, &["USER", "MAPPING"]) {
        return found.server("CREATE USER MAPPING", first);
    }
    if items.at(1).is("DATABASE") {
        return found.server("CREATE DATABASE", first);
    }
    if let Some(what) = matching(items, 0, SERVER) {
        return found.server(what, first);
    }
    if items.at(1).is("EXTENSION") {
        let name = items.at(items.skip(2, &["IF", "NOT", "EXISTS"]));
        let known = name.name(Dialect::Postgres);
        if EXTENSIONS.contains(&known.as_str()) {
            found.server(format!("CREATE EXTENSION {known}"), first);
        }
    } else if items.at(1).is("SCHEMA") {
        if let Some(place) = outside(items, &["AUTHORIZATION"]) {
            role(items, place + 1, false, found);
        }
    } else if items.at(1).is("POLICY") {
        if let Some(place) = outside(items, &["TO"]) {
            roles(items, place + 1, found);
        }
    } else if items.at(what).is_any(&["FUNCTION", "PROCEDURE"]) {
        body(items, found);
    }
}

/// Checks the bodies of a function, which run later.
fn body(items: &[Item<'_>], found: &mut Found) {
    if let Some(language) = untrusted(items) {
        let before = std::mem::replace(&mut found.deferred, true);
        let what = format!("LANGUAGE {}", language.name(Dialect::Postgres));
        found.server(what, language);
        found.deferred = before;
        return;
    }
    for (place, item) in items.iter().enumerate() {
        if place > 0 && item.is_text() && items.at(place - 1).is("AS") {
            found.text(*item, true);
        }
    }
}

/// Returns the language, if it is an untrusted one.
fn untrusted<'a>(items: &[Item<'a>]) -> Option<Item<'a>> {
    let mut pairs = items.windows(2);
    let pair = pairs.find(|pair| pair[0].is("LANGUAGE"))?;
    let name = pair[1].name(Dialect::Postgres).to_ascii_lowercase();
    UNTRUSTED.contains(&name.as_str()).then_some(pair[1])
}

/// `DO` runs its body at once.
fn run(items: &[Item<'_>], found: &mut Found) {
    if let Some(language) = untrusted(items) {
        let what = format!("LANGUAGE {}", language.name(Dialect::Postgres));
        return found.server(what, language);
    }
    if let Some(text) = items
        .iter()
        .find(|item| item.is_text() && item.text.starts_with('$'))
    {
        return found.text(*text, false);
    }
    let texts = items.iter().enumerate().filter(|(_, item)| item.is_text());
    for (place, text) in texts {
        if place == 1 || !items.at(place - 1).is("LANGUAGE") {
            found.text(*text, false);
        }
    }
}

/// Only its settings belong to the database alone.
fn alter_database(items: &[Item<'_>], found: &mut Found) {
    let (name, what) = (items.at(2), items.at(3));
    let sets = what.is("RESET") || (what.is("SET") && !items.at(4).is("TABLESPACE"));
    match sets {
        true => found.database(name, Named::Itself, name.end()),
        false => found.server("ALTER DATABASE", items.at(0)),
    }
}

fn alter(items: &[Item<'_>], found: &mut Found) {
    if items.follow(1, &["DEFAULT", "PRIVILEGES"]) {
        if let Some(place) = outside(items, &["FOR"]) {
            roles(items, place + 1, found);
        }
        if let Some(place) = outside(items, &["TO", "FROM"]) {
            roles(items, place + 1, found);
        }
    } else if items.at(1).is("POLICY") {
        let renames = outside(items, &["RENAME"]).is_some();
        if let (Some(place), false) = (outside(items, &["TO"]), renames) {
            roles(items, place + 1, found);
        }
    }
    let pairs = items.windows(2).enumerate();
    for (place, pair) in pairs {
        if pair[0].is("OWNER") && pair[1].is("TO") {
            role(items, place + 2, false, found);
        }
    }
}

fn grant(items: &[Item<'_>], found: &mut Found) {
    let first = items.at(0);
    let word = first.text.to_ascii_uppercase();
    let Some(on) = outside(items, &["ON"]) else {
        return found.server(format!("{word} of a role"), first);
    };
    let what = items.at(on + 1);
    if what.is_any(OF_SERVER) {
        let what = what.text.to_ascii_uppercase();
        return found.server(format!("{word} ON {what}"), first);
    }
    let others = &items[on..];
    let Some(to) = outside(others, &["TO", "FROM"]) else {
        return;
    };
    if what.is("DATABASE") {
        let names = others[2..to.max(2)].iter();
        for name in names.filter(|item| item.is_name(Dialect::Postgres)) {
            found.database(*name, Named::Itself, name.end());
        }
    }
    roles(others, to + 1, found);
    if let Some(by) = outside(others, &["GRANTED"]) {
        role(others, by + 2, false, found);
    }
}

/// `COMMENT ON DATABASE shop IS …`, `SECURITY LABEL FOR x ON ROLE r IS …`
fn comment(items: &[Item<'_>], found: &mut Found) {
    let Some(on) = outside(items, &["ON"]) else {
        return;
    };
    let (what, name) = (items.at(on + 1), items.at(on + 2));
    if what.is("DATABASE") {
        found.database(name, Named::Itself, name.end());
    } else if what.is_any(OF_SERVER) {
        let first = items.at(0).text.to_ascii_uppercase();
        let word = if first == "COMMENT" {
            "COMMENT"
        } else {
            "SECURITY LABEL"
        };
        found.server(
            format!("{word} ON {}", what.text.to_ascii_uppercase()),
            items.at(0),
        );
    }
}

/// Finds a file of the server, or a program that the server runs.
fn copy(items: &[Item<'_>], found: &mut Found) {
    shared(items, found);
    let Some(place) = outside(items, &["TO", "FROM"]) else {
        return;
    };
    let (way, target) = (items.at(place), items.at(place + 1));
    if target.is("PROGRAM") {
        found.server("COPY … PROGRAM", target);
    } else if target.is_text() {
        found.server(
            format!("COPY {} a file", way.text.to_ascii_uppercase()),
            way,
        );
    }
}

fn set(items: &[Item<'_>], found: &mut Found) {
    if !items.at(0).is("SET") {
        return;
    }
    let place = items.skip(1, &["LOCAL"]);
    let session = items.follow(place, &["SESSION", "AUTHORIZATION"]);
    let place = items.skip(place, &["SESSION"]);
    let value = items.at(place + 1);
    let names = (session || items.at(place).is("ROLE")) && !items.at(place + 1).is_any(NO_ROLES);
    let value = match value.is_sign("=") || value.is("TO") {
        true => items.at(place + 2),
        false => value,
    };
    if names && (value.is_name(Dialect::Postgres) || value.is_text()) && !value.is_any(NO_ROLES) {
        let name = match value.is_text() {
            true => value
                .inner()
                .map_or_else(String::new, |(_, inner)| inner.into_owned()),
            false => value.name(Dialect::Postgres),
        };
        found.push(ReachKind::Role { name, acts: true }, value.range());
    }
}

/// `REINDEX DATABASE` requires the name of the current one.
fn reindex(items: &[Item<'_>], found: &mut Found) {
    if let Some(place) = outside(items, &["DATABASE", "SYSTEM"]) {
        let name = items.at(items.skip(place + 1, &["CONCURRENTLY"]));
        if name.is_name(Dialect::Postgres) {
            found.database(name, Named::Itself, name.end());
        }
    }
}

/// Finds rows of a catalog that all databases share.
fn shared(items: &[Item<'_>], found: &mut Found) {
    let mut place = items.skip(1, &["INTO", "FROM", "ONLY", "TABLE"]);
    let schema = items.at(place);
    if items.at(place + 1).is_sign(".") {
        place += 2;
    }
    let name = items.at(place).name(Dialect::Postgres);
    let is_cron = schema.is("cron") && items.at(place - 1).is_sign(".");
    if SHARED.contains(&name.as_str()) || is_cron {
        found.server(format!("write to `{name}`"), items.at(0));
    }
}

/// Finds a function call, wherever it is.
fn function(items: &[Item<'_>], place: usize, found: &mut Found) {
    let item = items.at(place);
    if !items.at(place + 1).is_sign("(") || !item.is_name(Dialect::Postgres) {
        return;
    }
    let before = match place {
        0 => Item::NONE,
        place => items.at(place - 1),
    };
    // A table or a function of this name, and not a call.
    let is_index = items.at(0).is("CREATE")
        && items[..items.len().min(4)]
            .iter()
            .any(|item| item.is("INDEX"));
    let is_defined = |item: Item<'_>| {
        item.is_any(&[
            "FUNCTION",
            "TABLE",
            "PROCEDURE",
            "ROUTINE",
            "INTO",
            "EXISTS",
            "REFERENCES",
        ]) || (is_index && item.is("ON"))
    };
    let schema = match before.is_sign(".") && place > 1 {
        true => items.at(place - 2).name(Dialect::Postgres),
        false => String::new(),
    };
    let head = match schema.is_empty() {
        true => before,
        false if place > 2 => items.at(place - 3),
        false => Item::NONE,
    };
    if is_defined(head) {
        return;
    }
    let name = item.name(Dialect::Postgres);
    let fits = |pattern: &&&str| {
        let (of, own) = pattern.split_once('.').unwrap_or(("", pattern));
        let is_own = match own.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == own,
        };
        // A function without a schema can be called with its schema.
        is_own && (of.is_empty() || of == schema)
    };
    if FUNCTIONS.iter().any(|pattern| fits(&pattern)) {
        let shown = match schema.is_empty() {
            true => name,
            false => format!("{schema}.{name}"),
        };
        found.server(format!("{shown}()"), item);
    }
}
