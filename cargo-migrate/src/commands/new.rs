use std::path::{Path, PathBuf};

use clap::Args;
use migrate_core::{
    Anchor, Folder, NewRevision, RevisionId, Survey, Target, TargetError, shell_word, with_lf,
};

use migrate_schema::{Change, Object};

use super::{edit, show};
use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::json;
use crate::output::ui::Ui;
use crate::project::context::{Context, Require, new_id, now};
use crate::project::new_revision;
use crate::schemas::autogenerate::{self, Gap, Source};
use crate::schemas::named::warn_not_carried;
use crate::schemas::schema_lock;
use crate::scratch::interrupt::wait;

/// Write a new revision that follows the head
///
/// The file has an empty `up` and `down`, and is added to chain.lock as a draft: edit it freely
/// until `cargo migrate lock` seals it. Prints its path.
#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// What the revision does, in one line; becomes part of the file's name
    #[arg(value_name = "MESSAGE", required = true)]
    message: Vec<String>,
    /// The parent, instead of the head; `base` starts a separate chain
    #[arg(long, value_name = "REVISION")]
    parent: Vec<String>,
    /// Allow a parent that others already follow
    #[arg(long)]
    splice: bool,
    /// Name the branch that starts with it
    #[arg(long, value_name = "NAME")]
    label: Vec<String>,
    /// Require this revision of another branch to be applied first
    #[arg(long, value_name = "REVISION")]
    depends_on: Vec<String>,
    /// Use this id instead of 12 random hex digits
    #[arg(long, value_name = "ID")]
    rev_id: Option<String>,
    /// Fill `up` with this file
    #[arg(long, value_name = "FILE", conflicts_with = "auto")]
    sql: Option<PathBuf>,
    /// Fill `up` and `down` with the changes from the chain's schema to that of the models
    ///
    /// The structs that derive `Table` are read from the package's sources; nothing is compiled. On
    /// PostgreSQL, MySQL and MariaDB, scratch databases are created on the same server.
    #[arg(long)]
    auto: bool,
    /// With `--auto`: take the wanted schema from a file of SQL, or a folder of them, instead of
    /// the models
    #[arg(long, value_name = "PATH", requires = "auto")]
    schema: Option<PathBuf>,
    /// With `--auto`: a table or column that was renamed: `users=people`, or `users.mail=email`;
    /// can be repeated
    #[arg(long, value_name = "OLD=NEW", requires = "auto")]
    rename: Vec<String>,
    /// Open it in the editor
    #[arg(long)]
    edit: bool,
}

pub(crate) fn run(args: &NewArgs, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    let message = args.message.join(" ");
    if message.trim().is_empty() {
        return Err(CommandError::usage("the message is empty")
            .help("say what the revision does: `cargo migrate new \"create users\"`"));
    }
    let survey = context.require(Require::AnyEnds)?;
    let id = match &args.rev_id {
        Some(id) => checked_id(id)?,
        None => new_id(|id| survey.graph.index(id).is_some() || survey.lock.get(id).is_some())?,
    };
    let up = match &args.sql {
        Some(file) => read_sql(file)?,
        None => String::new(),
    };
    let mut sections = vec![("up".to_owned(), up), ("down".to_owned(), String::new())];
    let gaps = match args.auto {
        true => wanted(args, context, ui)?,
        false => Vec::new(),
    };
    if args.auto {
        if gaps.iter().all(Gap::is_empty) {
            accept(&gaps, context)?;
            ui.status("nothing to do: the chain already has the wanted schema");
            return match ui.is_json() {
                true => ui.json(&serde_json::json!({ "revision": null })),
                false => Ok(()),
            };
        }
        sections = autogenerate::sections(&gaps);
    }
    let new = NewRevision {
        phase: None,
        id,
        parents: parents(args, survey)?,
        depends_on: dependencies(args, survey)?,
        labels: args.label.clone(),
        message,
        created: now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        sections,
    };
    let path = new_revision::write(context, &new, ui)?;
    if args.auto {
        print_changes(&gaps, ui);
        // What is wanted is not what comes of it: an added column stands last, for one.
        let written = context.reloaded();
        let models = autogenerate::remembered(&gaps, &autogenerate::accepted(&written)?);
        if let Err(error) = wait(schema_lock::rewrite(&written, models)) {
            return Err(not_proven(error, context, &new, &path)?);
        }
    }
    if args.edit {
        edit::open(&path)?;
    }
    new_revision::report(context, &new, &path, ui)
}

/// A revision that does not run in a scratch database stays for its author to correct; where
/// something else failed, it is taken away again.
fn not_proven(
    error: CommandError,
    context: &Context,
    new: &NewRevision,
    path: &Path,
) -> Result<CommandError, CommandError> {
    use migrate_sqlx::Error as Runtime;

    let id = new.id.as_str();
    let is_its_own = match error.runtime() {
        Some(Runtime::Statement(failed)) => failed.revision == id,
        Some(Runtime::Step(failed)) => failed.revision == id,
        _ => false,
    };
    if !is_its_own {
        new_revision::undo(context, path)?;
        return Ok(error.done("no revision was written", "try again"));
    }
    let file = context.shown(path);
    Ok(error
        .help(format!("correct its SQL with `cargo migrate edit {id}`"))
        .done(
            format!("`{file}` is written as a draft, but it does not run"),
            format!(
                "write schema.lock with `cargo migrate lock --schema`; or remove the revision with `rm {}` and `cargo migrate lock --forget {id}`",
                shell_word(&file)
            ),
        ))
}

/// Compares the wanted schema with that of the chain.
fn wanted(args: &NewArgs, context: &Context, ui: &Ui) -> Result<Vec<Gap>, CommandError> {
    let source = Source::read(args.schema.as_deref(), context, ui)?;
    let mut gaps = wait(autogenerate::gaps(&source, &args.rename, context))?;
    if args.schema.is_some() {
        warn_not_carried(gaps.iter().map(|gap| &gap.wanted), ui);
    }
    let agreed = autogenerate::ask_renames(&gaps, ui)?;
    if !agreed.is_empty() {
        // What models do not say of a thing follows it to its new name.
        let agreed = agreed.iter().map(ToString::to_string);
        let renames: Vec<String> = args.rename.iter().cloned().chain(agreed).collect();
        gaps = wait(autogenerate::gaps(&source, &renames, context))?;
    }
    Ok(gaps)
}

/// Remembers what the models say where nothing is to be done for it, so that it goes with them.
fn accept(gaps: &[Gap], context: &Context) -> Result<(), CommandError> {
    let known = autogenerate::accepted(context)?;
    let mut all = known.clone();
    for gap in gaps {
        if let Some(now) = &gap.models {
            all.entry(gap.dialect()).or_default().extend(now.clone());
        }
    }
    if all == known {
        return Ok(());
    }
    let schemas = gaps.iter().map(|gap| gap.chain.clone());
    schema_lock::write(context, schemas, all)
}

/// Says what the revision does, and what it loses.
fn print_changes(gaps: &[Gap], ui: &Ui) {
    for gap in gaps {
        let dialect = gap.dialect();
        let changes = migrate_schema::diff(&gap.chain, &gap.wanted, &gap.renames);
        // What a table has from one above it changes with that one, and is said once.
        for change in changes.iter().filter(|change| !is_inherited(change)) {
            match change.is_destructive(dialect) {
                true => ui.warning(format_args!("on {}: {change} loses data", dialect.name())),
                false if gap.dialect() == gaps[0].dialect() => ui.status(change),
                false => {}
            }
        }
        for ddl in gap.up() {
            if let Some(review) = &ddl.review {
                let sql = ddl.sql.lines().next().unwrap_or_default();
                ui.warning(format_args!("on {}: {review}: {sql}", dialect.name()));
            }
        }
    }
    ui.help("read the file before you run it");
}

fn is_inherited(change: &Change) -> bool {
    let (Change::Create(object) | Change::Drop(object) | Change::Alter { from: object, .. }) =
        change
    else {
        return false;
    };
    matches!(object, Object::Column { value, .. } if value.inherited.0)
}

pub(crate) fn checked_id(id: &str) -> Result<RevisionId, CommandError> {
    id.parse().map_err(|why| {
        CommandError::usage(format!("invalid revision id `{id}`: {why}"))
            .help("an id is 1 to 64 letters, digits, `_` and `.`, such as `v4_20_0_users`")
    })
}

fn parents(args: &NewArgs, survey: &Survey) -> Result<Vec<RevisionId>, CommandError> {
    let graph = &survey.graph;
    if args.parent.is_empty() {
        let heads: Vec<usize> = graph.heads().collect();
        return match heads[..] {
            [] => Ok(Vec::new()),
            [only] => Ok(vec![graph.id(only).clone()]),
            _ => Err(CommandError::from(TargetError::SeveralHeads {
                heads: json::ids(graph, heads),
            })
            .help(
                "choose its parent with `--parent <id>`, or join them with `cargo migrate merge`",
            )),
        };
    }
    let mut parents: Vec<RevisionId> = Vec::new();
    for given in &args.parent {
        let target: Target = given.parse()?;
        let base = target.place == Some(Anchor::Base) && target.steps.is_none();
        if base && target.branch.is_none() {
            if args.parent.len() > 1 {
                return Err(CommandError::usage(
                    "`--parent base` starts a separate chain and allows no other parent",
                ));
            }
            continue;
        }
        let index = show::one(survey, given)?;
        let id = graph.id(index).clone();
        if !graph.children(index).is_empty() && !args.splice {
            let children = graph.children(index).iter().map(|child| *child as usize);
            return Err(CommandError::new(
                Failure::NotAHead,
                format!(
                    "`{id}` is not a head: `{}` already follows it",
                    json::ids(graph, children).join("`, `")
                ),
            )
            .help("add `--splice` to start a new branch there")
            .candidates(json::ids(graph, graph.heads())));
        }
        if !parents.contains(&id) {
            parents.push(id);
        }
    }
    Ok(parents)
}

/// A label stays as it is written; the beginning of an id is completed.
fn dependencies(args: &NewArgs, survey: &Survey) -> Result<Vec<String>, CommandError> {
    let graph = &survey.graph;
    args.depends_on
        .iter()
        .map(|given| match graph.label(given) {
            Some(_) => Ok(given.clone()),
            None => Ok(graph.id(show::one(survey, given)?).to_string()),
        })
        .collect()
}

fn read_sql(file: &Path) -> Result<String, CommandError> {
    let failed = || CommandError::new(Failure::Io, format!("`{}` cannot be read", file.display()));
    let size = std::fs::metadata(file)
        .map_err(|error| failed().because(error))?
        .len();
    if size > Folder::MAX_FILE {
        let most = Folder::MAX_FILE / (1024 * 1024);
        return Err(failed().cause(format_args!("a revision has at most {most} MiB")));
    }
    let text = std::fs::read_to_string(file).map_err(|error| failed().because(error))?;
    Ok(with_lf(text.trim_start_matches('\u{feff}')).into_owned())
}
