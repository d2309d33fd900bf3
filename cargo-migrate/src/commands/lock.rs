use clap::Args;
use migrate_core::{ChainLock, Code, Diagnostic, LockState, Survey, TargetError};

use super::show::one;
use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::json::Locked;
use crate::output::phrase::counted;
use crate::output::style::{self, styled};
use crate::output::ui::Ui;
use crate::project::context::Context;
use crate::project::write;
use crate::schemas::autogenerate::accepted;
use crate::schemas::schema_lock;
use crate::scratch::interrupt::wait;

/// Seal every draft in chain.lock
///
/// Do this before you publish a revision: from then on, a change of its meaning is an error in the
/// compiler and in `cargo migrate check`. Files that are not in the lock are added.
#[derive(Debug, Args)]
pub(crate) struct LockArgs {
    /// Accept that this sealed revision was edited, and seal it as it is now
    #[arg(long, value_name = "REVISION")]
    amend: Vec<String>,
    /// Forget this revision, whose file was deleted
    #[arg(long, value_name = "REVISION")]
    forget: Vec<String>,
    /// Only rewrite schema.lock, the schema at the head, and seal nothing
    #[arg(long, conflicts_with_all = ["amend", "forget"])]
    schema: bool,
}

pub(crate) fn run(args: &LockArgs, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    if args.schema {
        return schema(context, ui);
    }
    let survey = context.survey()?;
    let corrects = !args.amend.is_empty() || !args.forget.is_empty();
    let in_the_way: Vec<Diagnostic> = survey
        .diagnostics
        .iter()
        .filter(|found| found.is_error() && is_in_the_way(found.code, corrects))
        .cloned()
        .collect();
    if !in_the_way.is_empty() {
        return Err(CommandError::diagnostics(in_the_way));
    }
    let mut lock = survey.lock.clone();
    let done = match corrects {
        true => correct(args, survey, &mut lock)?,
        false => seal(survey, &mut lock),
    };
    judge(context, survey, &lock)?;
    let path = context.dir()?.join(ChainLock::FILE);
    let is_new = lock != survey.lock || context.folder()?.lock.is_none();
    if is_new {
        write::replace(&path, &lock.render())?;
    }
    // The context has read the lock as it was before.
    let context = context.reloaded();
    if schema_lock::is_wanted(&context, ui)? {
        // A seal needs no server: it stays where there is none.
        let written = match is_new {
            true => format!("`{}` is written: {}", context.shown(&path), in_words(&done)),
            false => format!("`{}` was already up to date", context.shown(&path)),
        };
        let models = accepted(&context)?;
        wait(schema_lock::rewrite(&context, models)).map_err(|error| {
            let file = schema_lock::shown(&context);
            error.done(
                format!("{written}; `{file}` is not written"),
                "write it with `cargo migrate lock --schema`",
            )
        })?;
    }
    report(&done, ui)
}

/// Writes only schema.lock.
fn schema(context: &Context, ui: &Ui) -> Result<(), CommandError> {
    wait(schema_lock::rewrite(context, accepted(context)?))?;
    let file = schema_lock::shown(context);
    match ui.is_json() {
        true => ui.json(&serde_json::json!({ "file": file })),
        false => ui.answer(file),
    }
}

/// A deleted or changed revision is what `--amend` and `--forget` are for; and where one of them
/// repairs a part, the rest may wait for the next call.
const fn is_in_the_way(code: Code, corrects: bool) -> bool {
    match code {
        Code::LockMissing => false,
        Code::LockChanged
        | Code::LockDeleted
        | Code::MultipleHeads
        | Code::MultipleBases
        | Code::UnknownParent
        | Code::UnknownDependency => !corrects,
        _ => true,
    }
}

/// Refuses a lock that would make the chain worse: a draft may be empty, a sealed revision not.
fn judge(context: &Context, survey: &Survey, lock: &ChainLock) -> Result<(), CommandError> {
    let mut folder = context.folder()?.clone();
    folder.lock = Some(lock.render());
    let mut found = Survey::new(&folder, context.config()?).diagnostics;
    found.retain(|found| found.is_error() && !survey.diagnostics.contains(found));
    match found.is_empty() {
        true => Ok(()),
        false => Err(CommandError::diagnostics(found)),
    }
}

fn seal(survey: &Survey, lock: &mut ChainLock) -> Locked {
    let mut done = Locked::default();
    for revision in &survey.revisions {
        let id = revision.id.as_str();
        match lock.get(id).map(|entry| entry.state) {
            Some(LockState::Draft) => done.sealed.push(id.to_owned()),
            None => done.entered.push(id.to_owned()),
            Some(LockState::Sealed(_)) => continue,
        }
        lock.seal(revision);
    }
    done
}

fn correct(args: &LockArgs, survey: &Survey, lock: &mut ChainLock) -> Result<Locked, CommandError> {
    let mut done = Locked::default();
    for given in &args.amend {
        let revision = &survey.revisions[one(survey, given)?];
        let id = revision.id.as_str();
        match lock.get(id).map(|entry| entry.state) {
            Some(LockState::Sealed(hash)) if hash != revision.hash => {}
            Some(LockState::Sealed(_)) => {
                return Err(CommandError::new(
                    Failure::NothingToAmend,
                    format!("the meaning of `{id}` has not changed since it was sealed"),
                ));
            }
            Some(LockState::Draft) | None => {
                return Err(CommandError::new(
                    Failure::NothingToAmend,
                    format!("`{id}` is not sealed"),
                )
                .help("edit it as you like; `cargo migrate lock` seals it"));
            }
        }
        lock.seal(revision);
        done.amended.push(id.to_owned());
    }
    for given in &args.forget {
        let id = &known(survey, lock, given)?;
        if let Some(index) = survey.graph.index(id) {
            return Err(CommandError::new(
                Failure::NotDeleted,
                format!(
                    "the file of `{id}` exists: `{}`",
                    survey.revisions[index].file
                ),
            )
            .help("only a revision without a file can be forgotten"));
        }
        lock.remove(id);
        done.forgotten.push(id.clone());
    }
    Ok(done)
}

/// The id that a revision of chain.lock is named by, or by its beginning where only one that has no
/// file begins so.
fn known(survey: &Survey, lock: &ChainLock, given: &str) -> Result<String, CommandError> {
    let ids = || lock.iter().map(|(id, _)| id.as_str());
    if ids().any(|id| id == given) || survey.graph.index(given).is_some() {
        return Ok(given.to_owned());
    }
    let begun: Vec<&str> = ids().filter(|id| id.starts_with(given)).collect();
    let mut without_file = begun.iter().filter(|id| survey.graph.index(id).is_none());
    match (without_file.next(), without_file.next(), &begun[..]) {
        (Some(only), None, _) | (None, None, [only]) => Ok((*only).to_owned()),
        (None, None, []) => Err(CommandError::new(
            Failure::UnknownRevision,
            format!("chain.lock has no revision `{given}`"),
        )
        .help("`cargo migrate check` shows those whose file is missing")),
        _ => Err(CommandError::from(TargetError::AmbiguousRevision {
            given: given.to_owned(),
            candidates: begun.iter().map(ToString::to_string).collect(),
        })),
    }
}

/// What was done to chain.lock, in a line.
fn in_words(done: &Locked) -> String {
    let parts = [
        ("sealed", &done.sealed),
        ("added and sealed", &done.entered),
        ("amended", &done.amended),
        ("forgot", &done.forgotten),
    ];
    let parts = parts.iter().filter(|(_, ids)| !ids.is_empty());
    let parts: Vec<String> = parts
        .map(|(verb, ids)| format!("{verb} `{}`", ids.join("`, `")))
        .collect();
    match parts.is_empty() {
        true => "every revision is sealed in it".to_owned(),
        false => parts.join(", "),
    }
}

fn report(done: &Locked, ui: &Ui) -> Result<(), CommandError> {
    let say = |verb: &str, ids: &[String]| {
        for id in ids {
            ui.status(format_args!(
                "{} {}",
                styled(style::GOOD, verb),
                styled(style::ID, id)
            ));
        }
    };
    say("sealed", &done.sealed);
    say("added and sealed", &done.entered);
    say("amended", &done.amended);
    say("forgot", &done.forgotten);
    if !done.amended.is_empty() {
        ui.warning("a database that has applied it keeps what the old text did, and refuses to run until that is resolved");
        ui.help("there, `cargo migrate status` lists it as changed, and `cargo migrate redo <revision>` reverts what was applied and applies the new text");
    }
    if !done.forgotten.is_empty() {
        ui.warning(
            "a database that has applied it will be newer than this chain, and refuse to run",
        );
        ui.help("there, `cargo migrate revert` still reverts it, with the text in the ledger");
    }
    if ui.is_json() {
        return ui.json(done);
    }
    let sealed = done.sealed.len() + done.entered.len();
    if sealed + done.amended.len() + done.forgotten.len() == 0 {
        ui.status("every revision is sealed already");
    } else if sealed > 0 {
        ui.status(format_args!(
            "{} sealed: commit chain.lock",
            counted(sealed, "revision")
        ));
    }
    Ok(())
}
