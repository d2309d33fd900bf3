//! Compares the models with the schema of the chain.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use migrate_core::{Dialect, LedgerNames, Target, with_lf};
use migrate_models::{Models, Root};
use migrate_schema::{ObjectKind, Rename, Renames, Schema, Table};

use crate::database::migrations;
use crate::database::target::Chosen;
use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::ui::Ui;
use crate::project::context::{Context, Require};
use crate::project::package;
use crate::schemas::ignored::{Ignored, leave_out_version_tables};
use crate::schemas::normalize::normalize_definitions;
use crate::scratch::{Scratch, schema_at, schema_of_sql};

/// The schema of the chain and the wanted one, on one dialect.
pub(crate) struct Gap {
    pub(crate) chain: Schema,
    pub(crate) wanted: Schema,
    pub(crate) renames: Renames,
}

impl Gap {
    pub(crate) fn dialect(&self) -> Dialect {
        self.chain.dialect
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.up().is_empty()
    }

    pub(crate) fn up(&self) -> Vec<migrate_schema::Ddl> {
        migrate_schema::statements(&self.chain, &self.wanted, &self.renames)
    }

    pub(crate) fn down(&self) -> Vec<migrate_schema::Ddl> {
        migrate_schema::statements(&self.wanted, &self.chain, &self.renames.reversed())
    }
}

/// Reads the models from the sources of the package, without compiling it.
pub(crate) fn read_models(context: &Context, ui: &Ui) -> Result<Models, CommandError> {
    let root = context.root()?;
    let roots: Vec<Root> = package::targets(root)?
        .into_iter()
        .map(|(name, file)| Root { name, file })
        .collect();
    let reading = migrate_models::read(root, &roots);
    if !reading.has_errors() {
        for found in &reading.diagnostics {
            ui.warning(&found.message);
        }
    }
    reading
        .into_models()
        .map_err(|found| CommandError::diagnostics_of("the models", found))
}

/// The schema that models describe, in their words.
fn said(models: &Models, dialect: Dialect) -> Result<Schema, CommandError> {
    models
        .schema(dialect)
        .map_err(|found| CommandError::diagnostics_of("the models", found))
}

/// The schema that models describe, as the database spells it.
pub(crate) async fn described(
    models: &Models,
    dialect: Dialect,
    server: &Chosen,
    ledger: &LedgerNames,
) -> Result<Schema, CommandError> {
    let statements = migrate_schema::create(&said(models, dialect)?);
    Scratch::with(server, async |scratch| {
        scratch.ddl(ledger, &statements).await
    })
    .await
}

/// The schema of the models, as the database spells it, and another schema of it.
pub(crate) struct Wanted {
    said: Schema,
    spelled: Schema,
}

impl Wanted {
    /// Lets the database normalize what models describe, and then returns the result of some work
    /// in an empty one.
    pub(crate) async fn and<T>(
        models: &Models,
        dialect: Dialect,
        server: &Chosen,
        ledger: &LedgerNames,
        work: impl AsyncFnOnce(&Scratch) -> Result<T, CommandError>,
    ) -> Result<(Self, T), CommandError> {
        let said = said(models, dialect)?;
        let statements = migrate_schema::create(&said);
        let (spelled, done) = Scratch::ddl_then(server, ledger, &statements, work).await?;
        Ok((Self { said, spelled }, done))
    }

    /// The schema that models want of a database which has this one: what they cannot say, and the
    /// names of constraints that they do not name, stay as they are.
    pub(crate) fn beside(self, there: &Schema) -> Schema {
        let mut wanted = self.spelled;
        keep_names(&self.said, there, &mut wanted);
        keep_unsaid(there, &mut wanted);
        wanted
    }
}

/// A server for each dialect of the project.
pub(crate) fn servers(context: &Context) -> Result<Vec<(Dialect, Chosen)>, CommandError> {
    let config = context.config()?;
    let chosen = match context.database() {
        Ok(chosen) => Some(chosen),
        Err(error) if error.is(Failure::NoDatabase) || error.is(Failure::UnsetVariable) => None,
        Err(error) => return Err(error),
    };
    let own = chosen
        .as_ref()
        .and_then(|chosen| Dialect::from_url(chosen.url()));
    let mut dialects: Vec<Dialect> = config.dialects.iter().collect();
    if dialects.is_empty() {
        dialects.extend(own);
    }
    if dialects.is_empty() {
        return Err(CommandError::new(
            Failure::NoDialect,
            "nothing says which databases the project is for",
        )
        .help("write `dialects = [\"sqlite\"]` in migrate.toml, or give an environment a url"));
    }
    let mut servers = Vec::new();
    for dialect in dialects {
        let here = chosen.as_ref().filter(|_| own == Some(dialect));
        let server = match (dialect, here) {
            (Dialect::Sqlite, _) => context.memory()?,
            (_, Some(chosen)) => chosen.clone(),
            (_, None) => {
                let speaks = |chosen: &Chosen| Dialect::from_url(chosen.url()) == Some(dialect);
                let other = config
                    .envs
                    .iter()
                    .filter(|env| !env.protected)
                    .filter_map(|env| context.database_of(&env.name).ok())
                    .find(speaks);
                other.ok_or_else(|| {
                    CommandError::new(
                        Failure::NoServer,
                        format!("there is no {} server to try the schema on", dialect.name()),
                    )
                    .help(format!(
                        "give an environment that is not protected a url of it: `url = \"{dialect}://…\"`; a scratch database is created there"
                    ))
                })?
            }
        };
        servers.push((dialect, server));
    }
    Ok(servers)
}

/// Compares the models, or equivalent SQL, with the schema of the chain, on each dialect.
pub(crate) async fn gaps(
    source: &Source,
    given: &[String],
    context: &Context,
) -> Result<Vec<Gap>, CommandError> {
    let chain = context.chain(Require::AnyEnds)?;
    let config = context.config()?;
    let migrations = migrations(&chain, config);
    let ignored = Ignored::new(config, &[]);
    let mut gaps = Vec::new();
    for (dialect, server) in servers(context)? {
        let (ledger, heads) = (&config.ledger, [Target::heads()]);
        let (made, mut wanted) = match source {
            Source::Models(models) => {
                let chain =
                    async |scratch: &Scratch| scratch.chain(&migrations, ledger, &heads).await;
                let (wanted, made) = Wanted::and(models, dialect, &server, ledger, chain).await?;
                let wanted = wanted.beside(&made);
                (made, wanted)
            }
            // It may create more than can be seen and dropped again.
            Source::Sql { file, text } => {
                let made = schema_at(&server, &migrations, ledger, &heads).await?;
                let mut wanted = schema_of_sql(&server, ledger, file, text).await?;
                refuse_empty(file, &wanted)?;
                leave_out_version_tables(&made, &mut wanted);
                normalize_definitions(&made, &mut wanted, &server, ledger).await?;
                (made, wanted)
            }
        };
        ignored.overlook(&mut wanted, &made);
        let mut renames = source.renames(&made, &wanted);
        for text in given {
            let rename = Rename::parse(text, &made, &wanted, &renames)
                .map_err(|error| CommandError::usage(format!("`--rename {text}`: {error}")))?;
            renames.add(rename);
        }
        gaps.push(Gap {
            chain: made,
            wanted,
            renames,
        });
    }
    Ok(gaps)
}

/// Refuses a file that creates nothing: all that is there would be dropped.
pub(crate) fn refuse_empty(file: &str, schema: &Schema) -> Result<(), CommandError> {
    if *schema != Schema::empty(schema.dialect) {
        return Ok(());
    }
    let error = CommandError::new(
        Failure::NothingThere,
        format!("`{file}` creates nothing, so that everything would be dropped"),
    );
    Err(error.help(
        "check that the dump which wrote it succeeded; `cargo migrate diff head empty --format sql` prints the SQL that drops everything",
    ))
}

/// What is wanted.
pub(crate) enum Source {
    Models(Box<Models>),
    Sql { file: String, text: String },
}

impl Source {
    /// Reads the models, or a file of SQL, or all files of a folder.
    pub(crate) fn read(
        sql: Option<&Path>,
        context: &Context,
        ui: &Ui,
    ) -> Result<Self, CommandError> {
        let Some(path) = sql else {
            return read_models(context, ui).map(|models| Self::Models(Box::new(models)));
        };
        let shown = path.display().to_string();
        let failed = |error: std::io::Error| {
            CommandError::new(Failure::Io, format!("`{shown}` cannot be read")).because(error)
        };
        let path = context.start.join(path);
        let mut files = vec![path.clone()];
        if path.is_dir() {
            let entries = fs::read_dir(&path).map_err(failed)?;
            files = entries
                .map(|entry| Ok(entry?.path()))
                .collect::<std::io::Result<_>>()
                .map_err(failed)?;
            files.retain(|file| file.extension().is_some_and(|extension| extension == "sql"));
            files.sort();
        }
        let mut text = String::new();
        for file in files {
            text += &with_lf(&fs::read_to_string(file).map_err(failed)?);
            text.push('\n');
        }
        Ok(Self::Sql { file: shown, text })
    }

    /// The renames of the models that are not done yet.
    fn renames(&self, made: &Schema, wanted: &Schema) -> Renames {
        let Self::Models(models) = self else {
            return Renames::none();
        };
        let said = models.renames();
        let tables = said
            .tables
            .iter()
            .filter(|(new, old)| {
                made.tables.contains_key(*old)
                    && wanted.tables.contains_key(*new)
                    && !made.tables.contains_key(*new)
            })
            .map(|(new, old)| Rename::Table {
                from: old.clone(),
                to: new.clone(),
            });
        let columns = said.columns.iter().filter_map(|((table, new), old)| {
            let before = said.tables.get(table).unwrap_or(table);
            let had = made.tables.get(before).or_else(|| made.tables.get(table))?;
            (had.column(old).is_some() && had.column(new).is_none()).then(|| Rename::Column {
                table: table.clone(),
                from: old.clone(),
                to: new.clone(),
            })
        });
        tables.chain(columns).collect()
    }
}

/// What models cannot say stays as the chain has it.
fn keep_unsaid(made: &Schema, wanted: &mut Schema) {
    // What models can express comes from them alone; other named schemas stay.
    wanted.retain(|object| match object.kind() {
        ObjectKind::Table | ObjectKind::Enum | ObjectKind::Schema => true,
        ObjectKind::View
        | ObjectKind::Sequence
        | ObjectKind::Domain
        | ObjectKind::Type
        | ObjectKind::Collation
        | ObjectKind::Dictionary
        | ObjectKind::Configuration
        | ObjectKind::Routine
        | ObjectKind::Event
        | ObjectKind::Extension => false,
    });
    for object in made.objects() {
        if !matches!(object.kind(), ObjectKind::Table | ObjectKind::Enum) {
            wanted.insert(object);
        }
    }
    for (name, table) in &mut wanted.tables {
        let Some(made) = made.tables.get(name) else {
            continue;
        };
        table.triggers.clone_from(&made.triggers);
        table.exclusions.clone_from(&made.exclusions);
        table.policies.clone_from(&made.policies);
        table.rules.clone_from(&made.rules);
        table.partition_of.clone_from(&made.partition_of);
        table.inherits.clone_from(&made.inherits);
    }
}

/// A constraint that the models do not name keeps the name that the chain has given it.
fn keep_names(said: &Schema, made: &Schema, wanted: &mut Schema) {
    for (name, table) in &mut wanted.tables {
        if let (Some(said), Some(made)) = (said.tables.get(name), made.tables.get(name)) {
            keep_names_of(said, made, table);
        }
    }
}

fn keep_names_of(said: &Table, made: &Table, wanted: &mut Table) {
    if let (Some(said), Some(made), Some(key)) = (
        &said.primary_key,
        &made.primary_key,
        &mut wanted.primary_key,
    ) && said.name.is_none()
        && said.columns == made.columns
    {
        key.name.clone_from(&made.name);
    }
    for key in &mut wanted.uniques {
        let unnamed = said
            .uniques
            .iter()
            .any(|said| said.columns == key.columns && said.name.is_none());
        let made = made.uniques.iter().find(|made| made.columns == key.columns);
        if let (true, Some(made)) = (unnamed, made) {
            key.name.clone_from(&made.name);
        }
    }
    for key in &mut wanted.foreign_keys {
        let same = |other: &&migrate_schema::ForeignKey| {
            other.columns == key.columns && other.table == key.table
        };
        let unnamed = said
            .foreign_keys
            .iter()
            .filter(same)
            .any(|said| said.name.is_none());
        if let (true, Some(made)) = (unnamed, made.foreign_keys.iter().find(same)) {
            let name = made.name.clone();
            key.name = name;
        }
    }
    let unnamed = said.checks.iter().any(|said| said.name.is_none());
    for check in wanted.checks.iter_mut().filter(|_| unnamed) {
        let made = made
            .checks
            .iter()
            .find(|made| made.expression == check.expression);
        if let Some(made) = made {
            check.name.clone_from(&made.name);
        }
    }
    wanted.uniques.sort();
    wanted.foreign_keys.sort();
    wanted.checks.sort();
}

/// The sections of a revision that resolves the differences.
pub(crate) fn sections(gaps: &[Gap]) -> Vec<(String, String)> {
    let several = gaps.len() > 1;
    let mut sections = Vec::new();
    for (word, side) in [("up", Gap::up as fn(&Gap) -> _), ("down", Gap::down)] {
        for gap in gaps {
            let dialect = gap.dialect();
            let line = match several {
                true => format!("{word} {dialect}"),
                false => word.to_owned(),
            };
            let sql = match gap.is_empty() {
                true => format!("-- nothing changes on {}\nSELECT 1;\n", dialect.name()),
                false => migrate_schema::script(dialect, &side(gap)),
            };
            sections.push((line, sql));
        }
    }
    sections
}

/// Notes possible renames, if the session is non-interactive.
pub(crate) fn propose_rename(rename: &Rename, ui: &Ui) {
    ui.help(format_args!(
        "if it was only renamed, add `--rename {rename}`"
    ));
}

/// Asks about each table and column that may have been renamed.
pub(crate) fn ask_renames(gaps: &mut [Gap], ui: &Ui) -> Result<(), CommandError> {
    let mut asked: BTreeSet<Rename> = BTreeSet::new();
    let mut agreed: BTreeSet<Rename> = BTreeSet::new();
    for gap in gaps.iter() {
        let known: BTreeSet<Rename> = gap.renames.iter().cloned().collect();
        for rename in migrate_schema::likely_renames(&gap.chain, &gap.wanted) {
            if known.contains(&rename) || !asked.insert(rename.clone()) {
                continue;
            }
            if !ui.can_ask() {
                propose_rename(&rename, ui);
                continue;
            }
            let answer = ui.ask(format_args!("was it only renamed: {rename}? [y/N]"))?;
            if answer.eq_ignore_ascii_case("y") || answer.eq_ignore_ascii_case("yes") {
                agreed.insert(rename);
            }
        }
    }
    for gap in gaps {
        for rename in &agreed {
            gap.renames.add(rename.clone());
        }
    }
    Ok(())
}
