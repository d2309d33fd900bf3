//! Reads what the information schema does not show, or not as it is, from `SHOW CREATE`.

use std::collections::BTreeMap;

use migrate_core::Dialect;
use migrate_replay::{ReachKind, reaches_with};
use migrate_schema::{Name, NotCarried, RoutineKind};
use migrate_sql::{Lexer, Quoting, TokenKind};

use super::super::record::Record;
use super::Reading;
use super::create_table;
use super::spelling::{default_of, view_options, without_end};

/// What the server is asked for the statement that creates it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Asked {
    Table(Name),
    View(Name),
    /// A trigger of a table.
    Trigger(Name, String),
    Routine(RoutineKind, String),
    Event(String),
}

/// The columns whose defaults may not be whole, by their tables.
pub(super) type UnclearDefaults = BTreeMap<Name, Vec<String>>;

impl Reading {
    /// Bytes end at the first zero, and a character beyond the first plane is a `?`: MySQL.
    pub(super) fn note_default(
        &mut self,
        table: &Name,
        column: &str,
        data_type: &str,
        default: &str,
    ) {
        if data_type.ends_with("binary") || default.contains('?') {
            let columns = self.unclear_defaults.entry(table.clone()).or_default();
            columns.push(column.to_owned());
        }
    }
}

impl Asked {
    /// Asks for one row.
    pub(super) fn question(&self) -> String {
        let quote = |name: &str| Dialect::MySql.quote(name);
        let (kind, name) = match self {
            Self::Table(table) => ("TABLE".to_owned(), table.quoted(Dialect::MySql)),
            Self::View(view) => ("VIEW".to_owned(), view.quoted(Dialect::MySql)),
            Self::Trigger(_, name) => ("TRIGGER".to_owned(), quote(name)),
            Self::Routine(kind, name) => (kind.as_str().to_uppercase(), quote(name)),
            Self::Event(name) => ("EVENT".to_owned(), quote(name)),
        };
        format!("SHOW CREATE {kind} {name};\n")
    }

    /// Returns what it is called if the server does not say how it is created.
    pub(super) fn not_carried(self) -> NotCarried {
        let (kind, name) = match self {
            Self::Table(name) => ("hidden table", name),
            Self::View(name) => ("hidden view", name),
            Self::Trigger(_, name) => ("hidden trigger", Name::plain(name)),
            Self::Routine(_, name) => ("hidden routine", Name::plain(name)),
            Self::Event(name) => ("hidden event", Name::plain(name)),
        };
        NotCarried {
            kind: kind.to_owned(),
            name,
        }
    }
}

impl Reading {
    /// Takes in the answer.
    pub(super) fn resolve(&mut self, asked: &Asked, mut row: Record) {
        let _name = row.text();
        if !matches!(asked, Asked::Table(_) | Asked::View(_)) {
            let _mode = row.text();
        }
        if matches!(asked, Asked::Event(_)) {
            let _time_zone = row.text();
        }
        // Who may not see a routine's statement gets none.
        let Some(statement) = row.option() else {
            return;
        };
        match asked {
            Asked::Table(name) => {
                let Some(table) = self.schema.tables.get_mut(name) else {
                    return;
                };
                let unclear = self.unclear_defaults.remove(name).unwrap_or_default();
                for column in &mut table.columns {
                    if unclear.contains(&column.name)
                        && let Some(default) = default_of(&statement, &column.name)
                    {
                        column.default = Some(default.to_owned());
                    }
                }
                create_table::complete(table, &statement);
                if create_table::has_start(&statement) {
                    self.schema.not_carried.insert(NotCarried {
                        kind: "start of the history of table".to_owned(),
                        name: name.clone(),
                    });
                }
            }
            Asked::View(view) => {
                if let Some(options) = self.schema.views.get_mut(view).map(|it| &mut it.options) {
                    options.extend(view_options(&statement));
                }
            }
            Asked::Trigger(table, name) => {
                let table = self.schema.tables.get_mut(table);
                let trigger = table.and_then(|table| table.triggers.get_mut(name));
                if let Some(trigger) = trigger
                    && let Some((header, shown)) = trigger.split_once('\n')
                    && let Some(body) = body_of_trigger(&statement, shown)
                {
                    *trigger = format!("{header}\n{body}");
                }
            }
            Asked::Routine(kind, name) => {
                if let Some(found) = self.routines.get_mut(&(*kind, name.clone())) {
                    let statement = without_end(&statement);
                    found.statement = Some(without_definer(statement, found.session.quoting()));
                }
            }
            Asked::Event(name) => {
                if let Some(found) = self.events.get_mut(name) {
                    let quoting = found.session.quoting();
                    let statement = without_definer(without_end(&statement), quoting);
                    found.statement = event(&statement, quoting, found.starts_at_creation);
                }
            }
        }
    }
}

/// Returns the body of a trigger. A quote in a literal is shown in the catalogue of MySQL without
/// what escapes it.
fn body_of_trigger<'s>(statement: &'s str, shown: &str) -> Option<&'s str> {
    let header = statement.to_ascii_uppercase().find("FOR EACH ROW");
    let rest = &statement[header.unwrap_or_default()..];
    let beginning = &shown[..shown.find(['\'', '"']).unwrap_or(shown.len())];
    rest.find(beginning)
        .map(|start| without_end(&rest[start..]))
}

/// Takes the account out that owns it.
fn without_definer(statement: &str, quoting: Quoting) -> String {
    let definer = reaches_with(Dialect::MySql, quoting, statement)
        .into_iter()
        .find(|reach| reach.kind == ReachKind::Definer);
    match definer {
        Some(reach) => {
            let rest = statement[reach.range.end..].trim_start();
            format!("{}{rest}", &statement[..reach.range.start])
        }
        None => statement.to_owned(),
    }
}

/// Takes out of an event what is not the chain's: when it was created, if it begins then, and
/// whether this server is the one that runs it.
fn event(statement: &str, quoting: Quoting, starts_at_creation: bool) -> String {
    let mut lexer = Lexer::with_quoting(Dialect::MySql, statement, quoting);
    let mut tokens = Vec::new();
    while let Ok(Some(token)) = lexer.next_token() {
        if token.kind.matters() {
            tokens.push(token);
        }
    }
    let word = |at: usize| {
        let token = tokens.get(at).filter(|token| token.kind == TokenKind::Word);
        token.map_or("", |token| &statement[token.start..token.end])
    };
    let mut text = String::with_capacity(statement.len());
    let (mut at, mut kept) = (0, 0);
    while at < tokens.len() && word(at) != "DO" {
        let gone = match word(at) {
            "STARTS" if starts_at_creation => 2,
            "ENABLE" => 1,
            "DISABLE" if word(at + 1) == "ON" => 3,
            _ => 0,
        };
        if gone > 0 {
            text.push_str(&statement[kept..tokens[at].start]);
            kept = tokens
                .get(at + gone)
                .map_or(statement.len(), |next| next.start);
        }
        at += gone.max(1);
    }
    text.push_str(&statement[kept..]);
    text
}

#[cfg(test)]
mod tests {
    use migrate_sql::{Quoting, quoting_of};

    use super::{body_of_trigger, event, without_definer};

    #[test]
    fn statements_lose_their_owner() {
        for (statement, mode, expected) in [
            (
                "CREATE DEFINER=`a b`@`%` FUNCTION `f`() RETURNS int\nRETURN 'DEFINER=x'",
                "",
                "CREATE FUNCTION `f`() RETURNS int\nRETURN 'DEFINER=x'",
            ),
            (
                "CREATE DEFINER=\"a\"@\"%\" PROCEDURE \"p\"()\nSELECT 1",
                "ANSI_QUOTES",
                "CREATE PROCEDURE \"p\"()\nSELECT 1",
            ),
            (
                "CREATE AGGREGATE FUNCTION f() RETURNS int\nRETURN 1",
                "",
                "CREATE AGGREGATE FUNCTION f() RETURNS int\nRETURN 1",
            ),
        ] {
            assert_eq!(without_definer(statement, quoting_of(mode)), expected);
        }
    }

    #[test]
    fn events_lose_what_is_of_their_server() {
        let whole = "CREATE EVENT `e` ON SCHEDULE EVERY 1 DAY STARTS '2026-01-01 00:00:00' ENDS '2030-01-01 00:00:00' ON COMPLETION NOT PRESERVE ENABLE COMMENT 'ENABLE' DO BEGIN ALTER EVENT e ENABLE; END";
        let rest = "ENDS '2030-01-01 00:00:00' ON COMPLETION NOT PRESERVE COMMENT 'ENABLE' DO BEGIN ALTER EVENT e ENABLE; END";
        for (statement, of_creation, expected) in [
            (
                whole.to_owned(),
                true,
                format!("CREATE EVENT `e` ON SCHEDULE EVERY 1 DAY {rest}"),
            ),
            (
                whole.replace("ENABLE COMMENT", "DISABLE ON SLAVE COMMENT"),
                false,
                format!(
                    "CREATE EVENT `e` ON SCHEDULE EVERY 1 DAY STARTS '2026-01-01 00:00:00' {rest}"
                ),
            ),
            (
                "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1".to_owned(),
                true,
                "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1".to_owned(),
            ),
        ] {
            assert_eq!(event(&statement, Quoting::default(), of_creation), expected);
        }
    }

    #[test]
    fn bodies_of_triggers_are_whole() {
        let statement = "CREATE DEFINER=`a`@`%` TRIGGER `t` BEFORE INSERT ON `u` FOR EACH ROW SET NEW.a = 'it\\'s';\n";
        assert_eq!(
            body_of_trigger(statement, "SET NEW.a = 'it's'"),
            Some("SET NEW.a = 'it\\'s'")
        );
    }
}
