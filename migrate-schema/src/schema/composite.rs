//! The attributes of PostgreSQL's composite types.

use super::{Name, types};
use migrate_core::Dialect;
use migrate_sql::{Lexer, TokenKind, unquoted};

/// An attribute of a composite type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attribute {
    pub(crate) name: String,
    /// The type, with its collation.
    pub(crate) sql_type: String,
}

/// Returns the attributes of a composite type; `None` of a range.
pub(crate) fn attributes(definition: &str) -> Option<Vec<Attribute>> {
    let (definition, _) = with_comments(definition);
    let inner = definition.strip_prefix("AS (")?.strip_suffix(')')?;
    let mut all = Vec::new();
    let mut lexer = Lexer::new(Dialect::Postgres, inner);
    let (mut name, mut start, mut depth) = (None, 0, 0_usize);
    let mut finish = |name: &mut Option<String>, text: &str| {
        all.extend(name.take().map(|name| Attribute {
            name,
            sql_type: text.trim().to_owned(),
        }));
    };
    while let Some(token) = lexer.next_token().ok()? {
        let text = &inner[token.start..token.end];
        match (token.kind, text) {
            (TokenKind::Symbol, "(") => depth += 1,
            (TokenKind::Symbol, ")") => depth = depth.checked_sub(1)?,
            (TokenKind::Symbol, ",") if depth == 0 => finish(&mut name, &inner[start..token.start]),
            (TokenKind::Word | TokenKind::Quoted, _) if name.is_none() => {
                name = Some(unquoted(text));
                start = token.end;
            }
            _ => {}
        }
    }
    finish(&mut name, &inner[start..]);
    Some(all)
}

/// Splits a definition from the statements that set the comments of its attributes.
pub(crate) fn with_comments(definition: &str) -> (&str, Vec<&str>) {
    let mut parts = definition.split(";\nCOMMENT ON COLUMN ");
    (parts.next().unwrap_or_default(), parts.collect())
}

/// Returns whether a change of a composite type drops attributes.
pub(crate) fn drops(from: &str, to: &str) -> bool {
    let (Some(from), Some(to)) = (attributes(from), attributes(to)) else {
        return false;
    };
    from.iter()
        .any(|it| to.iter().all(|other| other.name != it.name))
}

/// Returns whether values lose something when a composite type becomes another.
pub(crate) fn loses(from: &str, to: &str) -> bool {
    lost(&Name::default(), from, to).is_some()
}

/// Returns what values lose when a composite type becomes another: attributes, or a part of them.
pub(crate) fn lost(name: &Name, from: &str, to: &str) -> Option<String> {
    let (from, to) = (attributes(from)?, attributes(to)?);
    let loses = |it: &&Attribute| match to.iter().find(|other| other.name == it.name) {
        None => true,
        Some(other) => types::loses(Dialect::Postgres, &it.sql_type, &other.sql_type),
    };
    let lost: Vec<String> = from
        .iter()
        .filter(loses)
        .map(|it| format!("`{name}.{}`", it.name))
        .collect();
    (!lost.is_empty()).then(|| format!("the values of {}", lost.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::attributes;

    #[test]
    fn attributes_are_read_with_their_types() {
        let found =
            attributes("AS (net numeric(10,2), \"odd, name\" text COLLATE \"C\", last s.t[])");
        let found = found.expect("a composite type");
        let found: Vec<_> = found.iter().map(|it| (&*it.name, &*it.sql_type)).collect();
        assert_eq!(
            found,
            [
                ("net", "numeric(10,2)"),
                ("odd, name", "text COLLATE \"C\""),
                ("last", "s.t[]")
            ]
        );
        assert_eq!(attributes("AS ()"), Some(Vec::new()));
        assert_eq!(attributes("AS RANGE (SUBTYPE = date)"), None);
    }
}
