//! The pieces that statements are put together from.

use crate::diff::change::Constraint;
use crate::schema::{
    Action, Column, Deferrable, ForeignKey, Identity, Index, IndexPart, Key, Name, Options,
    Sequence,
};
use migrate_core::Dialect;

/// Writes names with commas between them.
pub(super) fn names<'a>(dialect: Dialect, names: impl IntoIterator<Item = &'a String>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| dialect.quote(name)).collect();
    names.join(", ")
}

/// Writes a default, in parentheses where the database wants them: around all that is not a literal.
/// MySQL wants them also around the literal of a text without an end, which MariaDB takes.
pub(super) fn default(dialect: Dialect, column: &Column, expression: &str) -> String {
    let sql_type = column.sql_type.to_lowercase();
    let needs = match dialect {
        Dialect::Postgres => false,
        // A word alone is a text there.
        Dialect::Sqlite => {
            !is_literal(expression) && !is_word(expression) && !is_wrapped(expression)
        }
        Dialect::MySql => {
            let endless = [
                "text",
                "blob",
                "json",
                "geometry",
                "point",
                "polygon",
                "linestring",
            ];
            // The labels of an enum can be any words.
            let name = sql_type.split('(').next().unwrap_or_default();
            let is_endless = endless.iter().any(|word| name.contains(word));
            let is_null = expression.eq_ignore_ascii_case("null");
            (!is_literal(expression) || is_endless && !is_null) && !is_wrapped(expression)
        }
    };
    match needs {
        true => format!("({expression})"),
        false => expression.to_owned(),
    }
}

fn is_word(expression: &str) -> bool {
    expression
        .chars()
        .all(|sign| sign.is_alphanumeric() || sign == '_')
}

/// Returns whether one pair of parentheses encloses the whole expression.
fn is_wrapped(expression: &str) -> bool {
    let text = expression.trim();
    let Some(inner) = text
        .strip_prefix('(')
        .and_then(|text| text.strip_suffix(')'))
    else {
        return false;
    };
    let mut depth = 0_usize;
    let mut quote = None;
    for sign in inner.chars() {
        match (quote, sign) {
            (Some(open), sign) if open == sign => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"' | '`') => quote = Some(sign),
            (None, '(') => depth += 1,
            (None, ')') => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return false,
            },
            (None, _) => {}
        }
    }
    depth == 0
}

/// Returns whether SQLite and MySQL accept it as a default without parentheses.
pub(super) fn is_literal(expression: &str) -> bool {
    let text = expression.trim();
    let upper = text.to_ascii_uppercase();
    let number = upper.strip_prefix(['-', '+']).unwrap_or(&upper);
    let quoted = |text: &str| {
        let inner = text
            .strip_prefix('\'')
            .and_then(|text| text.strip_suffix('\''));
        inner.is_some_and(|inner| !inner.replace("''", "").replace("\\'", "").contains('\''))
    };
    matches!(
        upper.as_str(),
        "NULL" | "TRUE" | "FALSE" | "CURRENT_DATE" | "CURRENT_TIME"
    ) || (upper.starts_with("CURRENT_TIMESTAMP") && !upper.contains([' ', '+', '-']))
        || (!number.is_empty()
            && number.parse::<f64>().is_ok()
            && number.starts_with(|sign: char| sign.is_ascii_digit() || sign == '.'))
        || is_hexadecimal(text)
        || quoted(text)
        || (upper.starts_with("X'") || upper.starts_with("B'")) && quoted(&text[1..])
}

fn is_hexadecimal(text: &str) -> bool {
    let digits = text.strip_prefix("0x").unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
}

/// Temporary properties of a column in `CREATE TABLE` and `ADD COLUMN`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extra<'a> {
    /// A default that is removed afterwards.
    pub(super) default: Option<&'a str>,
    /// Takes NULL for now.
    pub(super) nullable: bool,
}

/// Writes a column: its name and all that makes it.
pub(super) fn column(dialect: Dialect, column: &Column, extra: Extra<'_>) -> String {
    let sql_type = match (dialect, column.identity) {
        (Dialect::Postgres, Some(Identity::Serial)) => match column.sql_type.as_str() {
            "smallint" => "smallserial",
            "integer" => "serial",
            _ => "bigserial",
        },
        _ => &column.sql_type,
    };
    let mut parts = vec![dialect.quote(&column.name)];
    if !sql_type.is_empty() {
        parts.push(sql_type.to_owned());
    }
    if let Some(collation) = &column.collation {
        parts.push(format!("COLLATE {}", collation_name(dialect, collation)));
    }
    if let Some(generated) = &column.generated {
        let kept = if generated.stored {
            "STORED"
        } else {
            "VIRTUAL"
        };
        parts.push(format!(
            "GENERATED ALWAYS AS ({}) {kept}",
            generated.expression
        ));
    }
    if dialect == Dialect::Postgres
        && let Some(word) = identity(column)
    {
        parts.push(word);
    }
    let serial = column.identity == Some(Identity::Serial);
    let shown = column.default.as_deref().or(extra.default);
    let nullable = column.nullable || extra.nullable;
    if dialect == Dialect::Postgres {
        let is_named = column.options.has("CONSTRAINT") || column.state.not_null_name.is_some();
        // One that is not valid is added later.
        if !nullable && (!serial || is_named) && !column.options.has("NOT VALID") {
            parts.push(not_null(column));
        }
    } else if !nullable && !serial {
        parts.push("NOT NULL".to_owned());
        if let Some(action) = column.options.value("ON CONFLICT") {
            parts.push(format!("ON CONFLICT {action}"));
        }
    } else if dialect == Dialect::MySql
        && column.sql_type.to_lowercase().starts_with("timestamp")
        && !column
            .options
            .keywords()
            .any(|word| word.starts_with("GENERATED "))
    {
        // Without it, MariaDB before 10.10 makes one that is not null.
        parts.push("NULL".to_owned());
    }
    if let Some(expression) = shown {
        parts.push(format!("DEFAULT {}", default(dialect, column, expression)));
    }
    if dialect == Dialect::MySql {
        if let Some(expression) = &column.on_update {
            parts.push(format!("ON UPDATE {expression}"));
        }
        if column.identity == Some(Identity::AutoIncrement) {
            parts.push("AUTO_INCREMENT".to_owned());
        }
        parts.extend(column.options.words());
        if let Some(comment) = &column.comment {
            parts.push(format!("COMMENT {}", dialect.literal(comment)));
        }
    }
    parts.join(" ")
}

/// Writes PostgreSQL's `NOT NULL` of a column.
pub(super) fn not_null(column: &Column) -> String {
    format!("{}NOT NULL{}", not_null_begin(column), not_null_end(column))
}

/// Writes `NOT NULL` as a constraint of the table.
pub(super) fn not_null_of_table(column: &Column) -> String {
    let name = Dialect::Postgres.quote(&column.name);
    format!(
        "{}NOT NULL {name}{}",
        not_null_begin(column),
        not_null_end(column)
    )
}

fn not_null_begin(column: &Column) -> String {
    let name = column.options.value("CONSTRAINT");
    let name = name.or(column.state.not_null_name.as_deref());
    name.map_or_else(String::new, |name| {
        format!("CONSTRAINT {} ", Dialect::Postgres.quote(name))
    })
}

fn not_null_end(column: &Column) -> String {
    let words = ["NO INHERIT", "NOT VALID"].into_iter();
    let words = words.filter(|word| column.options.has(word));
    words.map(|word| format!(" {word}")).collect()
}

/// Writes `GENERATED … AS IDENTITY`, with what is not usual of its sequence.
pub(super) fn identity(column: &Column) -> Option<String> {
    let word = match column.identity? {
        Identity::Always => "ALWAYS",
        Identity::ByDefault => "BY DEFAULT",
        Identity::Serial | Identity::AutoIncrement => return None,
    };
    let sequence_options = column.sequence_options.as_ref();
    let sequence_options =
        sequence_options.map_or_else(String::new, |it| format!(" ({})", sequence(it, false)));
    Some(format!("GENERATED {word} AS IDENTITY{sequence_options}"))
}

/// Writes what a sequence does.
pub(crate) fn sequence(sequence: &Sequence, with_type: bool) -> String {
    let Sequence {
        sql_type,
        start,
        increment,
        min,
        max,
        cycle,
        cache,
        owned_by: _,
        comment: _,
    } = sequence;
    let of = match with_type && !sql_type.is_empty() {
        true => format!("AS {sql_type} "),
        false => String::new(),
    };
    let cycle = if *cycle { "CYCLE" } else { "NO CYCLE" };
    let cache = match cache {
        0 => String::new(),
        cache => format!(" CACHE {cache}"),
    };
    format!(
        "{of}INCREMENT BY {increment} MINVALUE {min} MAXVALUE {max} START WITH {start}{cache} {cycle}"
    )
}

fn collation_name(dialect: Dialect, collation: &str) -> String {
    match dialect {
        Dialect::Sqlite if !is_word(collation) => dialect.quote(collation),
        // There it is already written as a name.
        Dialect::Sqlite | Dialect::Postgres | Dialect::MySql => collation.to_owned(),
    }
}

/// Writes the options that are not written elsewhere.
fn other_words(options: &Options, elsewhere: &[&str]) -> Vec<String> {
    let mut others = options.clone();
    for keyword in elsewhere {
        others.remove(keyword);
    }
    others.words().collect()
}

/// Writes a constraint, with its name if it has one.
pub(super) fn constraint(dialect: Dialect, constraint: &Constraint) -> String {
    let named = |body: String| match constraint.name() {
        Some(name) => format!("CONSTRAINT {} {body}", dialect.quote(name)),
        None => body,
    };
    match constraint {
        Constraint::PrimaryKey(key) => match dialect {
            // Its name is always the same.
            Dialect::MySql => key_body(dialect, "PRIMARY KEY", key),
            Dialect::Sqlite | Dialect::Postgres => named(key_body(dialect, "PRIMARY KEY", key)),
        },
        Constraint::Unique(key) => named(key_body(dialect, "UNIQUE", key)),
        Constraint::Check(check) => {
            let mut body = format!("CHECK ({})", check.expression);
            for word in check.options.words() {
                body = format!("{body} {word}");
            }
            named(body)
        }
        Constraint::Exclusion(_, definition) => named(definition.clone()),
        Constraint::ForeignKey(key) => named(format!(
            "FOREIGN KEY ({}) {}",
            in_period(dialect, key, &key.columns),
            references(dialect, key)
        )),
    }
}

/// Writes the columns of a foreign key; the last is the time of a temporal one.
fn in_period(dialect: Dialect, key: &ForeignKey, columns: &[String]) -> String {
    let mut columns: Vec<String> = columns.iter().map(|name| dialect.quote(name)).collect();
    if let (true, Some(last)) = (key.options.has("PERIOD"), columns.last_mut()) {
        last.insert_str(0, "PERIOD ");
    }
    columns.join(", ")
}

fn key_body(dialect: Dialect, kind: &str, key: &Key) -> String {
    let columns: Vec<String> = key
        .columns
        .iter()
        .map(|column| match key.qualifiers.get(column) {
            // A prefix length follows the name directly, keywords after a space.
            Some(qualifier) if qualifier.starts_with('(') => {
                format!("{}{qualifier}", dialect.quote(column))
            }
            Some(qualifier) => format!("{} {qualifier}", dialect.quote(column)),
            None => dialect.quote(column),
        })
        .collect();
    let nulls = match key.nulls_not_distinct {
        true => " NULLS NOT DISTINCT",
        false => "",
    };
    let overlaps = match key.options.has("WITHOUT OVERLAPS") {
        true => " WITHOUT OVERLAPS",
        false => "",
    };
    let mut body = format!("{kind}{nulls} ({}{overlaps})", columns.join(", "));
    if !key.include.is_empty() {
        body = format!("{body} INCLUDE ({})", names(dialect, &key.include));
    }
    if let Some(action) = key.options.value("ON CONFLICT") {
        body = format!("{body} ON CONFLICT {action}");
    }
    for word in other_words(&key.options, &["ON CONFLICT", "WITHOUT OVERLAPS"]) {
        body = format!("{body} {word}");
    }
    format!("{body}{}", deferrable(key.deferrable))
}

/// Writes what a foreign key points to, from `REFERENCES` on.
pub(super) fn references(dialect: Dialect, key: &ForeignKey) -> String {
    let mut body = format!("REFERENCES {}", key.table.quoted(dialect));
    if !key.references.is_empty() {
        body = format!("{body} ({})", in_period(dialect, key, &key.references));
    }
    if let Some(matching) = key.options.value("MATCH") {
        body = format!("{body} MATCH {matching}");
    }
    for (word, action) in [("DELETE", key.on_delete), ("UPDATE", key.on_update)] {
        if action != Action::NoAction {
            body = format!("{body} ON {word} {}", action.as_sql());
        }
        if let ("DELETE", Some(columns)) = (word, key.options.value("ON DELETE COLUMNS")) {
            body = format!("{body} {columns}");
        }
    }
    body.push_str(deferrable(key.deferrable));
    for word in other_words(&key.options, &["MATCH", "PERIOD", "ON DELETE COLUMNS"]) {
        body = format!("{body} {word}");
    }
    body
}

const fn deferrable(deferrable: Deferrable) -> &'static str {
    match deferrable {
        Deferrable::No => "",
        Deferrable::Immediate => " DEFERRABLE",
        Deferrable::Deferred => " DEFERRABLE INITIALLY DEFERRED",
    }
}

/// Writes what an index is over, in parentheses.
pub(super) fn index_parts(dialect: Dialect, index: &Index) -> String {
    let parts: Vec<String> = index
        .parts
        .iter()
        .map(|part| index_part(dialect, part))
        .collect();
    format!("({})", parts.join(", "))
}

fn index_part(dialect: Dialect, part: &IndexPart) -> String {
    let mut sql = match part.expression {
        // PostgreSQL wants them around all but calls; one pair too many does not matter.
        true if dialect == Dialect::Sqlite => part.over.clone(),
        true => format!("({})", part.over),
        false => dialect.quote(&part.over),
    };
    if let Some(prefix) = part.prefix {
        sql = format!("{sql}({prefix})");
    }
    if let Some(collation) = &part.collation {
        sql = format!("{sql} COLLATE {}", collation_name(dialect, collation));
    }
    if let Some(class) = &part.operator_class {
        sql = format!("{sql} {class}");
    }
    if part.descending {
        sql.push_str(" DESC");
    }
    match part.nulls_first {
        Some(true) => sql.push_str(" NULLS FIRST"),
        Some(false) => sql.push_str(" NULLS LAST"),
        None => {}
    }
    sql
}

/// Writes `CREATE INDEX` for SQLite and PostgreSQL.
pub(super) fn create_index(dialect: Dialect, table: &Name, name: &str, index: &Index) -> String {
    let unique = if index.unique { "UNIQUE " } else { "" };
    let method = match &index.method {
        Some(method) => format!(" USING {method}"),
        None => String::new(),
    };
    let mut sql = format!(
        "CREATE {unique}INDEX {} ON {}{method} {}",
        dialect.quote(name),
        table.quoted(dialect),
        index_parts(dialect, index)
    );
    if !index.include.is_empty() {
        sql = format!("{sql} INCLUDE ({})", names(dialect, &index.include));
    }
    if index.nulls_not_distinct {
        sql.push_str(" NULLS NOT DISTINCT");
    }
    let storage: Vec<String> = index
        .options
        .values()
        .map(|(option, value)| format!("{option} = {value}"))
        .collect();
    if !storage.is_empty() {
        sql = format!("{sql} WITH ({})", storage.join(", "));
    }
    if let Some(predicate) = &index.predicate {
        sql = format!("{sql} WHERE {predicate}");
    }
    sql
}
