//! Compares the models with the schema of the chain.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use migrate_core::{Dialect, LedgerNames, Target, with_lf};
use migrate_models::{Beside, Models, Root};
use migrate_schema::lock::SchemaLock;
use migrate_schema::{Modelled, Rename, Renames, Schema};

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
    /// What the models say now.
    pub(crate) models: Option<Modelled>,
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

/// What the models had said when they were last accepted, by the dialects.
pub(crate) type Accepted = BTreeMap<Dialect, Modelled>;

/// Reads what the models had said when a revision was last written of them.
pub(crate) fn accepted(context: &Context) -> Result<Accepted, CommandError> {
    let text = context.folder()?.schema_lock.as_deref();
    Ok(text.map(SchemaLock::models).unwrap_or_default())
}

/// The models, beside a schema that a scratch database has, and as it spells them.
pub(crate) struct Described {
    models: Beside,
    spelled: Schema,
}

impl Described {
    /// Lets a database that has the schema of the chain spell what models describe.
    pub(crate) async fn read(
        models: &Models,
        chain: &Schema,
        before: &Modelled,
        renames: &Renames,
        ledger: &LedgerNames,
        scratch: &Scratch,
    ) -> Result<Self, CommandError> {
        let models = models
            .beside(chain, before, renames)
            .map_err(|found| CommandError::diagnostics_of("the models", found))?;
        let spelled = scratch.models(&models, chain, ledger).await?;
        Ok(Self { models, spelled })
    }

    /// Returns the schema that the models want of a database which has this one, and what they say
    /// now.
    pub(crate) fn wanted(&self, there: &Schema) -> (Schema, Modelled) {
        self.models.wanted(&self.spelled, there)
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
    let accepted = accepted(context)?;
    let ignored = Ignored::new(config, &[]);
    let mut gaps = Vec::new();
    for (dialect, server) in servers(context)? {
        let (ledger, heads) = (&config.ledger, [Target::heads()]);
        let (made, mut wanted, renames, models) = match source {
            Source::Models(models) => {
                let none = Modelled::default();
                let before = accepted.get(&dialect).unwrap_or(&none);
                let work = async |scratch: &Scratch| {
                    let made = scratch.chain(&migrations, ledger, &heads).await?;
                    let names = models.names(dialect);
                    let mut renames = renames(models, &made, &names);
                    add_given(given, &made, &names, &mut renames)?;
                    let described =
                        Described::read(models, &made, before, &renames, ledger, scratch).await?;
                    let (wanted, now) = described.wanted(&made);
                    Ok((made, wanted, renames, Some(now)))
                };
                Scratch::with(&server, work).await?
            }
            // It may create more than can be seen and dropped again.
            Source::Sql { file, text } => {
                let made = schema_at(&server, &migrations, ledger, &heads).await?;
                let mut wanted = schema_of_sql(&server, ledger, file, text).await?;
                refuse_empty(file, &wanted)?;
                leave_out_version_tables(&made, &mut wanted);
                normalize_definitions(&made, &mut wanted, &server, ledger).await?;
                let mut renames = Renames::none();
                add_given(given, &made, &wanted, &mut renames)?;
                (made, wanted, renames, None)
            }
        };
        ignored.overlook(&mut wanted, &made);
        gaps.push(Gap {
            chain: made,
            wanted,
            renames,
            models,
        });
    }
    Ok(gaps)
}

/// Adds the renames that arguments name.
fn add_given(
    given: &[String],
    made: &Schema,
    wanted: &Schema,
    renames: &mut Renames,
) -> Result<(), CommandError> {
    for text in given {
        let rename = Rename::parse(text, made, wanted, renames)
            .map_err(|error| CommandError::usage(format!("`--rename {text}`: {error}")))?;
        renames.add(rename);
    }
    Ok(())
}

/// Returns what the models had said, with what they say now of what is there or comes.
pub(crate) fn remembered(gaps: &[Gap], accepted: &Accepted) -> Accepted {
    let mut all = accepted.clone();
    for gap in gaps {
        let Some(now) = &gap.models else { continue };
        let before = all.remove(&gap.dialect()).unwrap_or_default();
        let remembered = before.remembered(now.clone(), &gap.chain, &gap.wanted);
        all.insert(gap.dialect(), remembered);
    }
    all
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
            CommandError::new(Failure::Io, format!("`{shown}` cannot be read"))
                .because(error)
                .help("`--schema` takes a file of SQL in UTF-8, or a folder of `.sql` files, named from where you are")
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
}

/// The renames of the models that are not done yet.
fn renames(models: &Models, made: &Schema, wanted: &Schema) -> Renames {
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

/// Asks about each table and column that may have been renamed; returns what was only renamed.
pub(crate) fn ask_renames(gaps: &[Gap], ui: &Ui) -> Result<Vec<Rename>, CommandError> {
    let mut asked: BTreeSet<Rename> = BTreeSet::new();
    let mut agreed = Vec::new();
    for gap in gaps {
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
                agreed.push(rename);
            }
        }
    }
    Ok(agreed)
}
