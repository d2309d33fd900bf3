//! An existing database as the first revision of a chain.

use std::collections::BTreeSet;

use migrate_core::{
    Chain, Dialect, Dialects, Direction, LedgerNames, NewRevision, Revision, Target, shell_word,
};
use migrate_schema::{DifferenceKind, ObjectKind, ObjectRef, Renames, Schema, differences};
use migrate_sql::{Lexer, TokenKind};
use migrate_sqlx::Migrations;

use crate::database::target::Chosen;
use crate::output::error::CommandError;
use crate::output::phrase::counted;
use crate::schemas::ignored::{Ignored, leave_out_version_tables};
use crate::scratch::Scratch;

/// What the revision creates, and what it does not.
pub(crate) struct Baseline {
    pub(crate) schema: Schema,
    /// The excluded objects, by name.
    pub(crate) excluded: Vec<String>,
    /// The patterns that exclude nothing.
    pub(crate) unmatched: Vec<String>,
    /// Descriptions of what the database has and the revision cannot create.
    pub(crate) left_out: Vec<String>,
}

impl Baseline {
    /// Reads a database's schema, without what is excluded or belongs to another tool.
    pub(crate) fn of(live: Schema, ignored: &Ignored, patterns: &[String]) -> Self {
        let patterns = Ignored::of(patterns);
        let mut schema = live;
        let unmatched = patterns.unmatched(&[&schema]);
        let unmatched = unmatched.into_iter().map(str::to_owned).collect();
        let mut excluded = leave_out_version_tables(&Schema::empty(schema.dialect), &mut schema);
        schema.retain(|object| {
            let goes = ignored.hides_object(object) || patterns.hides_object(object);
            if goes {
                excluded.push(match object {
                    ObjectRef::Routine(signature, _) => signature.name.to_string(),
                    object => object.name(),
                });
            }
            !goes
        });
        let not_carried = std::mem::take(&mut schema.not_carried);
        let mut left_out: Vec<String> = not_carried.iter().map(ToString::to_string).collect();
        schema.routines.retain(|signature, routine| {
            let seen = routine.definition.is_some();
            if !seen {
                left_out.push(format!(
                    "{signature}, whose definition this user may not see"
                ));
            }
            seen
        });
        Self {
            schema,
            excluded,
            unmatched,
            left_out,
        }
    }

    /// Returns the sections; `several` says that the project has other dialects too.
    pub(crate) fn sections(&self, several: bool) -> Vec<(String, String)> {
        let dialect = self.schema.dialect;
        let nothing = Schema::empty(dialect);
        let items = self.left_out.iter().map(|what| what.replace('\n', " "));
        let mut up: String = items
            .map(|what| ["-- left out: ", &what, "\n"].concat())
            .collect();
        up += &migrate_schema::script(dialect, &migrate_schema::create(&self.schema));
        let down = migrate_schema::statements(&self.schema, &nothing, &Renames::none());
        let word = |way: &str| match several {
            true => format!("{way} {dialect}"),
            false => way.to_owned(),
        };
        vec![
            (word("up"), up),
            (word("down"), migrate_schema::script(dialect, &down)),
        ]
    }

    /// Applies and reverts the revision in a scratch database: what differs there is left out of
    /// it.
    pub(crate) async fn prove(
        &mut self,
        new: &NewRevision,
        file: &str,
        ledger: &LedgerNames,
        chosen: &Chosen,
    ) -> Result<(), CommandError> {
        let revision = Revision::parse(file, &new.render(), Dialects::NONE)
            .map_err(CommandError::diagnostics)?;
        let chain = Chain::new(vec![revision]).expect("a revision without parents is a chain");
        let migrations = Migrations::new(chain, ledger.clone());
        let base: Target = "base".parse()?;
        let (made, left) = Scratch::with(chosen, async |scratch| {
            let replayed = scratch.replay(&migrations, ledger).await?;
            replayed.there_and_back(base).await.map_err(|error| {
                let name = object_of(&error, &self.schema, migrations.revisions());
                let help = match name {
                    Some(name) => format!(
                        "`{name}` cannot be recreated: leave it out with `cargo migrate baseline --exclude {}`",
                        shell_word(&name)
                    ),
                    None => "leave out what cannot be recreated with `--exclude <name>`".to_owned(),
                };
                CommandError::from(error).in_scratch().help(help)
            })
        })
        .await?;
        for difference in differences(&self.schema, &made) {
            let how = match difference.kind {
                DifferenceKind::Missing => "is not created",
                DifferenceKind::Extra => "is created too",
                DifferenceKind::Different => "is created differently",
            };
            self.left_out.push(format!("{} {how}", difference.object));
        }
        for difference in differences(&Schema::empty(made.dialect), &left) {
            self.left_out.push(format!(
                "{} stays after the `down` section",
                difference.object
            ));
        }
        Ok(())
    }
}

/// Returns the object that a failed statement is about.
fn object_of(
    error: &migrate_sqlx::Error,
    schema: &Schema,
    revisions: &[Revision],
) -> Option<String> {
    let migrate_sqlx::Error::Statement(failed) = error else {
        return None;
    };
    let direction = match failed.reverting {
        true => Direction::Down,
        false => Direction::Up,
    };
    let revision = revisions.first()?;
    let statements = revision.statements(direction, schema.dialect);
    let statement = statements.get(failed.number - 1)?;
    first_object(schema, revision.sql(*statement))
}

/// Returns the first object of a schema whose name is in a statement.
fn first_object(schema: &Schema, sql: &str) -> Option<String> {
    let names = schema.objects().map(|object| {
        let name = object.name();
        let name = name.split('(').next().unwrap_or_default();
        name.rsplit('.').next().unwrap_or_default().to_owned()
    });
    let names: BTreeSet<String> = names.collect();
    let mut lexer = Lexer::new(schema.dialect, sql);
    while let Ok(Some(token)) = lexer.next_token() {
        let text = &sql[token.start..token.end];
        let name = match token.kind {
            TokenKind::Word => text,
            TokenKind::Quoted => text.trim_matches(['"', '`', '[', ']']),
            _ => continue,
        };
        if names.contains(name) {
            return Some(name.to_owned());
        }
    }
    None
}

/// Returns how much a schema holds: `3 tables, 1 view`.
pub(crate) fn counts(schema: &Schema) -> String {
    let counted: Vec<String> = ObjectKind::ALL
        .iter()
        .map(|kind| (schema.count(*kind), *kind))
        .filter(|(count, _)| *count > 0)
        .map(|(count, kind)| match kind {
            ObjectKind::Schema => counted(count, "named schema"),
            ObjectKind::Dictionary if count > 1 => format!("{count} text search dictionaries"),
            kind => counted(count, kind.as_str()),
        })
        .collect();
    counted.join(", ")
}

/// Returns true if there is nothing in a schema.
pub(crate) fn is_empty(schema: &Schema) -> bool {
    *schema == Schema::empty(schema.dialect)
}

/// Returns the dialects of a project that a baseline does not support.
pub(crate) fn other_dialects(dialects: Dialects, own: Dialect) -> Vec<Dialect> {
    dialects.iter().filter(|dialect| *dialect != own).collect()
}

#[cfg(test)]
mod tests {
    use migrate_schema::{Name, Schema, View};

    use super::*;

    #[test]
    fn the_object_of_a_statement() {
        let mut schema = Schema::empty(Dialect::Postgres);
        for name in ["shop.odd name", "v"] {
            let (named, name) = name
                .split_once('.')
                .map_or((None, name), |(a, b)| (Some(a), b));
            let name = Name {
                schema: named.map(str::to_owned),
                name: name.to_owned(),
            };
            schema.views.insert(name, View::default());
        }
        for (sql, object) in [
            ("CREATE VIEW v AS SELECT 1", Some("v")),
            (
                "CREATE VIEW shop.\"odd name\" AS SELECT * FROM v",
                Some("odd name"),
            ),
            ("COMMENT ON VIEW \"v\" IS 'odd name'", Some("v")),
            ("CREATE VIEW w AS SELECT 1", None),
        ] {
            assert_eq!(first_object(&schema, sql).as_deref(), object, "{sql}");
        }
    }
}
