//! An existing database as the first revision of a chain.

use migrate_core::{Chain, Dialect, Dialects, LedgerNames, NewRevision, Revision, Target};
use migrate_schema::{DifferenceKind, ObjectKind, ObjectRef, Renames, Schema, differences};
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
                CommandError::from(error)
                    .in_scratch()
                    .help("leave out what cannot be recreated with `--exclude <name>`")
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
