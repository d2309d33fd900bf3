//! What is asked of the information schema of MySQL and MariaDB.
//!
//! Each row begins with a word that says what it is about, as all queries are one message.

use std::fmt::Write as _;

use migrate_core::Dialect;

use super::Server;

/// Which server it is, and which columns its information schema has.
pub(super) const SERVER: &str = "SELECT 'server', VERSION(), DATABASE(), @@collation_database, 'utf8mb4', (SELECT DEFAULT_COLLATE_NAME FROM information_schema.CHARACTER_SETS WHERE CHARACTER_SET_NAME = 'utf8mb4');
SELECT 'session', @@sql_mode, @@character_set_client, @@collation_connection, @@character_set_results;
SELECT 'has', TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMNS
WHERE TABLE_SCHEMA = 'information_schema' AND TABLE_NAME IN ('COLUMNS', 'STATISTICS', 'CHECK_CONSTRAINTS', 'VIEWS', 'TABLE_CONSTRAINTS')";

/// Writes all queries.
pub(super) fn all(server: &Server) -> String {
    let mut sql = format!("{TABLES};\n{};\n", columns(server));
    let of_server = [Some(indexes(server)), checks(server), Some(views(server))];
    for query in of_server.into_iter().flatten() {
        let _infallible = writeln!(sql, "{query};");
    }
    for query in [FOREIGN_KEYS, TRIGGERS, ROUTINES, EVENTS] {
        let _infallible = writeln!(sql, "{query};");
    }
    sql
}

/// An event without a beginning of its own begins when it is created, or gets another schedule.
const EVENTS: &str = "SELECT 'event', EVENT_NAME, EVENT_TYPE = 'RECURRING', SQL_MODE, CHARACTER_SET_CLIENT, COLLATION_CONNECTION, DATABASE_COLLATION, TIME_ZONE, CONVERT_TZ(STARTS, TIME_ZONE, @@time_zone) IN (CREATED, LAST_ALTERED)
FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE()";

const TABLES: &str =
    "SELECT 'table', TABLE_NAME, TABLE_TYPE, ENGINE, TABLE_COLLATION, CREATE_OPTIONS, TABLE_COMMENT
FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()";

/// MySQL 8 can keep points of the earth apart from others.
fn columns(server: &Server) -> String {
    let reference = match server.has("COLUMNS", "SRS_ID") {
        true => "SRS_ID",
        false => "NULL",
    };
    format!(
        "SELECT 'column', TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, DATA_TYPE, IS_NULLABLE, COLUMN_DEFAULT, EXTRA, GENERATION_EXPRESSION, COLLATION_NAME, COLUMN_COMMENT, {reference}
FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME, ORDINAL_POSITION"
    )
}

/// MySQL has expressions in indexes, and says the opposite of MariaDB's `IGNORED`.
fn indexes(server: &Server) -> String {
    let has = |column: &str| server.has("STATISTICS", column);
    let expression = if has("EXPRESSION") {
        "EXPRESSION"
    } else {
        "NULL"
    };
    let ignored = if has("IGNORED") {
        "IGNORED = 'YES'"
    } else if has("IS_VISIBLE") {
        "IS_VISIBLE = 'NO'"
    } else {
        "0"
    };
    format!(
        "SELECT 'index', TABLE_NAME, INDEX_NAME, NON_UNIQUE, COLUMN_NAME, {expression}, COLLATION, SUB_PART, INDEX_TYPE, INDEX_COMMENT, {ignored}
FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX"
    )
}

/// A name of a check is unique in a table on MariaDB and in a database on MySQL; 5.7 has none.
fn checks(server: &Server) -> Option<String> {
    if server.has("CHECK_CONSTRAINTS", "TABLE_NAME") {
        let level = match server.has("CHECK_CONSTRAINTS", "LEVEL") {
            true => "LEVEL",
            false => "NULL",
        };
        return Some(format!(
            "SELECT 'check', TABLE_NAME, CONSTRAINT_NAME, CHECK_CLAUSE, {level}, 'YES' FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = DATABASE()"
        ));
    }
    let enforced = match server.has("TABLE_CONSTRAINTS", "ENFORCED") {
        true => "t.ENFORCED",
        false => "'YES'",
    };
    server.has("CHECK_CONSTRAINTS", "CHECK_CLAUSE").then(|| {
        format!(
            "SELECT 'check', t.TABLE_NAME, c.CONSTRAINT_NAME, c.CHECK_CLAUSE, NULL, {enforced} FROM information_schema.CHECK_CONSTRAINTS c
JOIN information_schema.TABLE_CONSTRAINTS t ON t.CONSTRAINT_SCHEMA = c.CONSTRAINT_SCHEMA AND t.CONSTRAINT_NAME = c.CONSTRAINT_NAME AND t.CONSTRAINT_TYPE = 'CHECK'
WHERE c.CONSTRAINT_SCHEMA = DATABASE()"
        )
    })
}

fn views(server: &Server) -> String {
    let algorithm = match server.has("VIEWS", "ALGORITHM") {
        true => "ALGORITHM",
        false => "NULL",
    };
    format!(
        "SELECT 'view', TABLE_NAME, VIEW_DEFINITION, CHECK_OPTION, SECURITY_TYPE, {algorithm}, CHARACTER_SET_CLIENT, COLLATION_CONNECTION FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE()"
    )
}

const FOREIGN_KEYS: &str = "SELECT 'foreign', k.TABLE_NAME, k.CONSTRAINT_NAME, k.COLUMN_NAME, NULLIF(k.REFERENCED_TABLE_SCHEMA, DATABASE()), k.REFERENCED_TABLE_NAME, k.REFERENCED_COLUMN_NAME, r.UPDATE_RULE, r.DELETE_RULE
FROM information_schema.KEY_COLUMN_USAGE k JOIN information_schema.REFERENTIAL_CONSTRAINTS r
ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME AND r.TABLE_NAME = k.TABLE_NAME
WHERE k.TABLE_SCHEMA = DATABASE() AND r.CONSTRAINT_SCHEMA = DATABASE() AND k.REFERENCED_TABLE_NAME IS NOT NULL ORDER BY k.TABLE_NAME, k.CONSTRAINT_NAME, k.ORDINAL_POSITION";

const TRIGGERS: &str = "SELECT 'trigger', EVENT_OBJECT_TABLE, TRIGGER_NAME, ACTION_TIMING, EVENT_MANIPULATION, ACTION_ORDER, ACTION_STATEMENT, SQL_MODE, CHARACTER_SET_CLIENT, COLLATION_CONNECTION, DATABASE_COLLATION
FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE() ORDER BY EVENT_OBJECT_TABLE, ACTION_TIMING, EVENT_MANIPULATION, ACTION_ORDER";

const ROUTINES: &str = "SELECT 'routine', ROUTINE_TYPE, ROUTINE_NAME, SQL_MODE, CHARACTER_SET_CLIENT, COLLATION_CONNECTION, DATABASE_COLLATION, ROUTINE_COMMENT
FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE()";

/// The numbers of MariaDB's sequences: each is a table with one row.
pub(super) fn sequences(names: &[String]) -> String {
    let one = |name: &String| {
        format!(
            "SELECT {}, start_value, increment, minimum_value, maximum_value, cycle_option, cache_size FROM {}",
            crate::literal::literal(Dialect::MySql, name),
            Dialect::MySql.quote(name)
        )
    };
    names
        .iter()
        .map(one)
        .collect::<Vec<_>>()
        .join(" UNION ALL ")
}
