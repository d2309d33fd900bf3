//! The ledger of the database that is named.

use std::collections::BTreeSet;

use migrate_core::{Config, Dialect, Folder, Set, Survey};
use migrate_schema::Schema;
use migrate_sqlx::__cli::{ChainState, Create, Database};
use migrate_sqlx::{AppliedRevision, Refusal};

use super::project::{Project, listed};
use super::version_tables::{OTHERS, other_story, tools};
use super::{Area, DoctorCode, Finding, Section, Severity, rows};
use crate::database::migrations;
use crate::database::target::Chosen;
use crate::import::Tool;
use crate::import::applied::{Applied, is_idle};
use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::json;
use crate::output::phrase::counted;
use crate::project::context::Require;
use crate::project::next_run::next_run;
use crate::schemas::detect::detect;

/// A database that could be looked at.
pub(super) struct Seen {
    pub(super) chosen: Chosen,
    pub(super) live: Schema,
    /// `None` where there is no ledger.
    pub(super) rows: Option<Vec<AppliedRevision>>,
}

pub(super) async fn look(project: &Project<'_>) -> (Section, Option<Seen>) {
    let mut section = Section::new(Area::Ledger);
    if !project.is_configured() {
        let summary = "not checked: fix the configuration first";
        return (section.summary(summary), None);
    }
    let chosen = match project.context.database() {
        Ok(chosen) => chosen,
        Err(error) if error.is(Failure::NoPackage) => {
            return (
                section.summary("not checked: there is no project here"),
                None,
            );
        }
        Err(error) => {
            section.push(not_chosen(project, &error));
            if error.is(Failure::NoDatabase) {
                section.summary = "not checked".to_owned();
            }
            return (section, None);
        }
    };
    let read = async {
        let database = chosen.connect(Create::Nothing).await?;
        let ledger = database.ledger(&project.config.ledger).await?;
        let live = database.schema(&project.config.ledger).await?;
        Ok::<_, CommandError>((database, ledger, live))
    };
    let (database, ledger, live) = match read.await {
        Ok(read) => read,
        Err(error) => {
            section.push(not_read(&chosen, &error));
            return (section, None);
        }
    };
    match database.migrator(&project.config.ledger).await {
        Ok(None) => {}
        Ok(Some(holder)) => section.push(
            Finding::new(
                Area::Ledger,
                Severity::Warning,
                DoctorCode::LedgerLocked,
                format!("a migrator is running, and others wait for it: {holder}"),
            )
            .why("a run is in progress; or its program hangs with an open connection")
            .help("wait until it is finished; or terminate its session, which releases the lock"),
        ),
        Err(error) => section.push(Finding::because(
            Area::Ledger,
            Severity::Note,
            &CommandError::from(error).of_database(&chosen.shown()),
        )),
    }
    let tools = tools(&live);
    match &ledger {
        Some(found) if !found.is_empty() => {
            section.summary = summary(project, &chosen, found, live.dialect);
            section.extend(rows::findings(project, &chosen, live.dialect, found));
            for tool in &tools {
                section.extend(other_story(project, *tool, &database, found).await);
            }
        }
        _ => section
            .extend(no_ledger(project, &chosen, &database, &live, &tools, ledger.is_some()).await),
    }
    if section.summary.is_empty() && section.findings.is_empty() {
        section.summary = empty(project, &chosen, live.dialect);
    }
    let rows = ledger.filter(|rows| !rows.is_empty());
    (section, Some(Seen { chosen, live, rows }))
}

/// A database in which there is nothing yet.
fn empty(project: &Project<'_>, chosen: &Chosen, dialect: Dialect) -> String {
    let is = match is_there(chosen) {
        true => "is empty",
        false => "does not exist yet",
    };
    let survey = project.survey.as_ref();
    let shown = chosen.shown();
    // What is wrong with the files is reported with them.
    let sound = survey.filter(|survey| !survey.has_errors());
    match sound.map(|survey| next_run(survey, &[], dialect, chosen)) {
        Some(Ok(pending @ 1..)) => format!(
            "{shown} {is}: `cargo migrate run` applies {}",
            counted(pending, "revision")
        ),
        Some(Err(error)) => {
            format!(
                "{shown} {is}: `cargo migrate run` would refuse: {}",
                error.full_message()
            )
        }
        _ => format!("{shown} {is}"),
    }
}

/// Says whether the file of an SQLite database is there; a server's database is, once it was read.
fn is_there(chosen: &Chosen) -> bool {
    match chosen.sqlite() {
        Ok(options) => options.get_filename().exists(),
        Err(_) => true,
    }
}

/// Where the database is, in a line.
fn summary(
    project: &Project<'_>,
    chosen: &Chosen,
    rows: &[AppliedRevision],
    dialect: Dialect,
) -> String {
    let none;
    let survey = match &project.survey {
        Some(survey) => survey,
        None => {
            none = Survey::new(&Folder::default(), &Config::default());
            &none
        }
    };
    let state = ChainState::of_survey(survey, rows.to_vec(), dialect);
    let status = state.status();
    let heads = json::names(&status.current);
    let whole = status.applied.len();
    let pending = status.pending.len();
    let place = match heads.is_empty() {
        true => "`base`".to_owned(),
        false => listed(&heads),
    };
    let pending = match pending {
        0 => String::new(),
        pending => format!(", {pending} pending"),
    };
    format!("{} is at {place}: {whole} applied{pending}", chosen.shown())
}

/// No database is named, or none that can be.
fn not_chosen(project: &Project<'_>, error: &CommandError) -> Finding {
    let severity = match error.is(Failure::NoDatabase) {
        true => Severity::Note,
        false => Severity::Error,
    };
    let finding = Finding::because(Area::Ledger, severity, error);
    let example = [".env.example", ".env.sample", ".env.dist"]
        .into_iter()
        .find(|file| project.has(file));
    let is_unnamed = error.is(Failure::NoDatabase);
    let is_unset = error.is(Failure::UnsetVariable);
    match example {
        Some(example) if (is_unnamed || is_unset) && !project.has(".env") => {
            return finding.why(format!(
                "there is a `{example}` and no `.env`: copy it and fill it in"
            ));
        }
        _ if (is_unnamed || is_unset) && project.has(".env") => {
            return finding.why("`.env` does not set it either");
        }
        _ => {}
    }
    match error.failure() {
        Some(Failure::NoDatabase) => finding.why("neither the command line, nor migrate.toml, nor DATABASE_URL names one; the rest of the report needs none"),
        Some(Failure::UnsetVariable) => finding.why("it is set in the shell of whoever deploys, or in a `.env` that is not here"),
        Some(Failure::Usage) => finding.why("`--env` or MIGRATE_ENV names it: a typo, or it was renamed"),
        Some(Failure::MalformedDotenv) => finding.why("a line of `.env` has no `=`, or an open quote"),
        _ => finding,
    }
}

/// The database cannot be reached or read.
fn not_read(chosen: &Chosen, error: &CommandError) -> Finding {
    let finding = Finding::because(Area::Ledger, Severity::Error, error);
    let why = match error.runtime() {
        Some(migrate_sqlx::Error::ForeignLedger { .. }) => {
            "another program has created a table of that name; `[ledger] prefix` in migrate.toml chooses another"
        }
        Some(migrate_sqlx::Error::Url(_)) => {
            "a character of the password is not percent-encoded, or the URL is for another kind of database"
        }
        runtime => match runtime.and_then(migrate_sqlx::Error::refusal) {
            Some(Refusal::NoListener) => {
                "no server listens there: it is not started, or the host or port is wrong"
            }
            Some(Refusal::Credentials | Refusal::DatabaseDenied) => {
                "the server does not know this user, or the password is wrong"
            }
            Some(Refusal::UnknownDatabase) => {
                "the database was not created yet, or has another name"
            }
            Some(Refusal::UnknownHost) => {
                "there is no host of this name: a typo, or a name that exists only inside a container"
            }
            Some(Refusal::NoAnswer) => "a firewall blocks it, or the host is wrong",
            _ if error.is(Failure::Database) => "a firewall blocks it, or the host is wrong",
            Some(Refusal::CannotOpen | Refusal::NotADatabase) => {
                "the file is not an SQLite database, its folder does not exist, or it may not be read"
            }
            Some(Refusal::Denied) => "this user may not read the ledger",
            _ => "the server did not behave as expected",
        },
    };
    let help = error.help_text().map_or_else(
        || format!("try the database's own client on {}; without it, `cargo migrate doctor --offline` checks the files", chosen.shown()),
        str::to_owned,
    );
    finding.why(why).help(help)
}

/// Tables, and nothing that says where they come from.
async fn no_ledger(
    project: &Project<'_>,
    chosen: &Chosen,
    database: &Database,
    live: &Schema,
    tools: &[Tool],
    is_there: bool,
) -> Option<Finding> {
    let known: BTreeSet<String> = tools
        .iter()
        .map(|tool| tool.version_table().to_owned())
        .collect();
    let tables: Vec<String> = live
        .tables
        .keys()
        .filter(|name| !known.contains(&name.name))
        .map(ToString::to_string)
        .collect();
    if tables.is_empty() {
        return None;
    }
    let ledger = match is_there {
        true => "nothing in its ledger",
        false => "no ledger",
    };
    let message = format!(
        "{} has {} and {ledger}: {}",
        chosen.shown(),
        counted(tables.len(), "table"),
        listed(&tables)
    );
    let finding = Finding::new(Area::Ledger, Severity::Error, DoctorCode::NoLedger, message);
    let lower: BTreeSet<String> = live
        .tables
        .keys()
        .map(|it| it.name.to_lowercase())
        .collect();
    let other = OTHERS.iter().find(|(table, _)| lower.contains(*table));
    let why = match (tools.first(), other) {
        (Some(tool), _) => format!(
            "{} created them: its table `{}` exists",
            tool.name(),
            tool.version_table()
        ),
        (None, Some((table, tool))) => format!("{tool} created them: its table `{table}` exists"),
        (None, None) if is_there => {
            "the ledger was emptied, or the tables are older than it".to_owned()
        }
        (None, None) => "they were created by hand, by the application when it starts, or restored without the ledger".to_owned(),
    };
    let finding = finding.why(why);
    let survey = project.survey.as_ref();
    Some(match survey.filter(|survey| !survey.revisions.is_empty()) {
        None => without_a_chain(finding, tools),
        Some(survey) => {
            beside_a_chain(finding, project, survey, chosen, database, live, tools).await
        }
    })
}

/// Tables, and no revision that could have made them.
fn without_a_chain(finding: Finding, tools: &[Tool]) -> Finding {
    match tools.first() {
        Some(tool) => finding
            .help(format!("import its history with `cargo migrate import {0}`, then `cargo migrate import {0} --stamp`", tool.word()))
            .command(format!("cargo migrate import {} --dry-run", tool.word())),
        None => finding.help("`cargo migrate baseline` creates the first revision from them"),
    }
}

/// Tables that the chain may have made: its revisions are compared with them.
async fn beside_a_chain(
    finding: Finding,
    project: &Project<'_>,
    survey: &Survey,
    chosen: &Chosen,
    database: &Database,
    live: &Schema,
    tools: &[Tool],
) -> Finding {
    let accepts = |code| Require::AnyEnds.accepts(code);
    let Ok(chain) = survey.chain(accepts) else {
        return finding
            .help("repair the chain first; then `cargo migrate stamp --detect` finds the revision of the tables")
            .no_command();
    };
    let graph = chain.graph();
    let migrations = migrations(&chain, &project.config);
    let found = detect(
        &migrations,
        graph,
        None,
        None,
        live.clone(),
        chosen,
        &project.config,
    )
    .await;
    let name = |set: &Set| match json::ids(graph, graph.effective_heads(set)) {
        heads if heads.is_empty() => "`base`".to_owned(),
        heads => listed(&heads),
    };
    let detection = match found {
        Ok(detection) => detection,
        Err(error) => {
            return finding.help(format!(
                "the chain cannot be compared with them: {}; once it can, `cargo migrate stamp --detect` finds their revision",
                error.in_a_line()
            )).no_command();
        }
    };
    match (&detection.exact[..], tools.first()) {
        ([only], _) => {
            return finding.help(format!(
                "they are those of {}: `cargo migrate stamp --detect` records it",
                name(only)
            ));
        }
        ([_, .., last], None) => {
            return finding.help(format!(
                "they are those of several revisions, the last of which is {}: `cargo migrate stamp --detect` lists them",
                name(last)
            ));
        }
        _ => {}
    }
    // The other tool may say more than tables do: which of several states, or which versions.
    if let Some(tool) = tools.first()
        && knows_versions(*tool, survey, database).await
    {
        return finding.help(format!(
            "`cargo migrate import {} --stamp` records what `{}` says",
            tool.word(),
            tool.version_table()
        ));
    }
    match (detection.exact.last(), detection.nearest) {
        (Some(last), _) => finding.help(format!(
            "they are those of several revisions, the last of which is {}: `cargo migrate stamp --detect` lists them",
            name(last)
        )),
        (None, Some((nearest, differences))) if !nearest.is_empty() => finding.help(format!(
            "the nearest revision is {}, with {}: `cargo migrate stamp --detect` lists them",
            name(&nearest),
            counted(differences.len(), "difference")
        )),
        _ => finding
            .help("no revision creates tables like these: is this the database that you mean? `--env` or `--database-url` names another; `cargo migrate stamp --detect` lists the differences")
            .no_command(),
    }
}

/// Whether the chain has every version that another tool has applied.
async fn knows_versions(tool: Tool, survey: &Survey, database: &Database) -> bool {
    let dialect = database.dialect();
    let is_idle = |index: usize| {
        let revision = survey.revisions.get(index);
        revision.is_some_and(|revision| is_idle(revision, dialect))
    };
    match Applied::read(tool, database, tool.version_table()).await {
        Ok(read) => read
            .resolve(tool, &survey.graph, |_| None, is_idle)
            .is_ok_and(|resolved| resolved.applied.iter().next().is_some()),
        Err(_) => false,
    }
}
