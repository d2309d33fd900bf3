//! Commands that a text names, completed so that they can be typed as they are: about the same
//! package, environment and database as the command that names them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use clap::Args;
use migrate_core::shell_word;

use crate::output::redacted::redacted;

/// What a text in code begins with where it is a command of ours.
const COMMAND: &str = "`cargo migrate";

/// What a text in code begins with where it is a command of git.
const GIT: &str = "`git ";

/// Commands that are the same wherever they are typed.
const ANYWHERE: [&str; 2] = ["explain", "completions"];

/// Commands that are about the files alone, whatever the database.
const OF_FILES: [&str; 7] = ["init", "edit", "heads", "branches", "show", "merge", "lock"];

/// The options that choose a database.
const CHOOSING: [&str; 2] = ["--env", "--database-url"];

/// What a protected environment refuses.
const REFUSED: [&str; 4] = ["revert", "redo", "reset", "switch"];

/// Which project and which database a command is about.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Selection {
    /// The package whose migrations to use
    #[arg(short, long, global = true, value_name = "NAME")]
    pub(crate) package: Option<String>,
    /// Work as if started in this folder
    #[arg(short = 'C', global = true, value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,
    /// The environment of migrate.toml to use [env: MIGRATE_ENV]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) env: Option<String>,
    /// The database to use
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) database_url: Option<String>,
    /// What the commands that a help names have to fit.
    #[arg(skip)]
    pub(crate) place: Place,
}

/// What becomes known while a command works, and the commands after it have to fit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place(Arc<Known>);

#[derive(Debug, Default)]
struct Known {
    is_protected: AtomicBool,
    /// The package, from where the command was started; empty if it is there.
    root: OnceLock<String>,
}

impl Place {
    /// Returns true if the environment of the database that was chosen is protected.
    pub(crate) fn protect(&self, is_protected: bool) {
        self.0.is_protected.store(is_protected, Ordering::Relaxed);
    }

    /// Says where the package is: `root`, for a command that works in `start`, by way of
    /// `directory`.
    pub(crate) fn found(&self, root: &Path, start: &Path, directory: Option<&Path>) {
        let shown = match root.strip_prefix(start) {
            Ok(below) => directory
                .unwrap_or(Path::new(""))
                .join(below)
                .components()
                .collect(),
            Err(_) => root.to_owned(),
        };
        let shown = shown.to_string_lossy();
        self.0.root.get_or_init(|| shell_word(&shown).into_owned());
    }

    fn is_protected(&self) -> bool {
        self.0.is_protected.load(Ordering::Relaxed)
    }

    fn root(&self) -> Option<&str> {
        let root = self.0.root.get()?;
        (root != "''").then_some(root)
    }
}

/// The options of a command line that the commands after it need as well.
#[derive(Clone, Default)]
pub(crate) struct Next {
    options: Vec<Carried>,
    place: Place,
}

/// An option and its value, as they are typed.
#[derive(Clone)]
struct Carried {
    /// The names that it has.
    names: &'static [&'static str],
    text: String,
}

impl Next {
    pub(crate) fn new(args: &Selection) -> Self {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let mut options = Vec::new();
        let mut carry = |names: &'static [&'static str], value: &str| {
            options.push(Carried {
                names,
                text: format!("{} {value}", names[0]),
            });
        };
        if let Some(directory) = &args.directory {
            carry(&["-C"], &shell_word(&directory.to_string_lossy()));
        }
        if let Some(package) = &args.package {
            carry(&["-p", "--package"], &shell_word(package));
        }
        // It may have been set for the one command only.
        if let Some(env) = args.env.clone().or_else(|| variable("MIGRATE_ENV")) {
            carry(&["--env"], &shell_word(&env));
        }
        if let Some(url) = &args.database_url {
            let set = variable("DATABASE_URL");
            carry(&["--database-url"], &typed_url(url, set.as_deref()));
        }
        Self {
            options,
            place: args.place.clone(),
        }
    }

    /// Returns a text whose commands of ours can be typed as they are, and none of which the
    /// environment refuses.
    pub(crate) fn complete(&self, text: &str) -> String {
        let allowed = match self.place.is_protected() {
            true => allowed(text),
            false => text.to_owned(),
        };
        self.in_package(&self.carry(&allowed))
    }

    /// The same for a command by itself.
    pub(crate) fn command(&self, command: &str) -> String {
        let completed = self.in_package(&self.carry(&format!("`{command}`")));
        completed.trim_matches('`').to_owned()
    }

    /// Lets git work in the package, whose paths its commands name.
    fn in_package(&self, text: &str) -> String {
        let Some(root) = self.place.root() else {
            return text.to_owned();
        };
        let inside = format!("{GIT}-C {root} ");
        text.replace(&inside, GIT).replace(GIT, &inside)
    }

    fn carry(&self, text: &str) -> String {
        let mut completed = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find(COMMAND) {
            let (before, command) = rest.split_at(start + COMMAND.len());
            completed.push_str(before);
            let Some(end) = command.find('`') else {
                rest = command;
                break;
            };
            let (command, after) = command.split_at(end);
            let name = subcommand(command);
            completed.push_str(&command[..name.len()]);
            if !ANYWHERE.contains(&name.trim()) && !command.contains("--help") {
                let is_there =
                    |names: &[&str]| command.split(' ').any(|word| names.contains(&word));
                let is_wanted = |option: &&Carried| {
                    let of_files = OF_FILES.contains(&name.trim());
                    !(is_there(option.names) || of_files && CHOOSING.contains(&option.names[0]))
                };
                for option in self.options.iter().filter(is_wanted) {
                    completed.extend([" ", &option.text]);
                }
            }
            completed.push_str(&command[name.len()..]);
            rest = after;
        }
        completed.push_str(rest);
        completed
    }
}

impl fmt::Debug for Next {
    /// A url may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Next(…)")
    }
}

/// The name of the subcommand, with the blank before it, at the beginning of what follows `cargo
/// migrate`; nothing if an option is first.
fn subcommand(command: &str) -> &str {
    let word = command.strip_prefix(' ').unwrap_or_default();
    let end = word.find(' ').unwrap_or(word.len());
    match word.starts_with('-') || word.is_empty() {
        true => "",
        false => &command[..=end],
    }
}

/// Leaves out the suggestions of a help that a protected environment refuses.
fn allowed(text: &str) -> String {
    let is_refused = |way: &str| {
        way.split(COMMAND).skip(1).any(|command| {
            let command = command.split('`').next().unwrap_or_default();
            REFUSED.contains(&subcommand(command).trim())
        })
    };
    if !is_refused(text) {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = ["; ", ", or "]
            .into_iter()
            .filter_map(|mark| rest.find(mark).map(|at| (at, mark.len())))
            .min();
        let (way, mark, after) = match end {
            Some((at, length)) => (&rest[..at], &rest[at..at + length], &rest[at + length..]),
            None => (rest, "", ""),
        };
        if !is_refused(way) {
            kept.extend([way, mark]);
        }
        rest = after;
    }
    let kept = kept.trim_end_matches(", or ").trim_end_matches("; ");
    match kept.strip_prefix("or ").unwrap_or(kept) {
        "" => "the environment is protected, and nothing is reverted there: write a new revision that makes the change, `cargo migrate new \"…\"`".to_owned(),
        kept => kept.to_owned(),
    }
}

/// A url as it can be typed again. A password is never shown: `$DATABASE_URL` stands for a url that
/// is in it, and else a place to fill in.
fn typed_url(url: &str, variable: Option<&str>) -> String {
    /// The settings of SQLite that hold no secret.
    const OPEN: [&str; 3] = ["mode", "cache", "immutable"];
    let shown = redacted(url);
    let settings = url.split_once('?').map_or("", |(_, settings)| settings);
    let mut keys = settings
        .split('&')
        .filter_map(|pair| pair.split('=').next());
    if shown == url || url.starts_with("sqlite:") && keys.all(|key| OPEN.contains(&key)) {
        return shell_word(url).into_owned();
    }
    if variable == Some(url) {
        return "\"$DATABASE_URL\"".to_owned();
    }
    let settings = match url.contains('?') && !shown.ends_with('…') {
        true => "?<settings>",
        false => "",
    };
    let shown = match shown.split_once('@') {
        Some((user, place))
            if user.matches(':').count() == 1 && url.starts_with(&format!("{user}:")) =>
        {
            format!("{user}:<password>@{place}")
        }
        _ => shown,
    };
    format!("'{}{settings}'", shown.replace('\'', "%27"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(args: &Selection) -> Next {
        Next::new(args)
    }

    #[test]
    fn commands_are_completed() {
        let next = next(&Selection {
            env: Some("staging".to_owned()),
            package: Some("my app".to_owned()),
            directory: Some("../x".into()),
            ..Selection::default()
        });
        let options = "-C ../x -p 'my app' --env staging";
        for (text, completed) in [
            (
                "`cargo migrate run` applies",
                format!("`cargo migrate run {options}` applies"),
            ),
            (
                "`a` `cargo migrate run --resume=done`, `cargo migrate`",
                format!(
                    "`a` `cargo migrate run {options} --resume=done`, `cargo migrate {options}`"
                ),
            ),
            (
                "`cargo migrate -p <package> init`",
                "`cargo migrate -C ../x --env staging -p <package> init`".to_owned(),
            ),
            (
                "`cargo migrate explain x`",
                "`cargo migrate explain x`".to_owned(),
            ),
            (
                "`cargo migrate --help`",
                "`cargo migrate --help`".to_owned(),
            ),
            ("`cargo migrate run", "`cargo migrate run".to_owned()),
        ] {
            assert_eq!(next.complete(text), completed);
            assert_eq!(next.complete(&completed), completed, "once is enough");
        }
        assert_eq!(next.command("git add x"), "git add x");
        assert_eq!(
            next.command("cargo migrate repair --execute"),
            format!("cargo migrate repair {options} --execute")
        );
    }

    #[test]
    fn git_works_in_the_package() {
        let (root, start) = (Path::new("/a/b c"), Path::new("/a"));
        for (start, directory, completed) in [
            (root, None, "`git add x`"),
            (root, Some(Path::new("../y")), "`git -C ../y add x`"),
            (start, None, "`git -C 'b c' add x`"),
            (start, Some(Path::new("z")), "`git -C 'z/b c' add x`"),
            (Path::new("/a/b c/d"), None, "`git -C '/a/b c' add x`"),
        ] {
            let args = Selection::default();
            args.place.found(root, start, directory);
            let next = next(&args);
            assert_eq!(next.complete("`git add x`"), completed);
            assert_eq!(next.complete(completed), completed);
        }
    }

    #[test]
    fn urls_without_passwords() {
        for (url, typed) in [
            ("sqlite://a b.db?mode=rwc", "'sqlite://a b.db?mode=rwc'"),
            ("sqlite://dev.db", "sqlite://dev.db"),
            (
                "sqlite://dev.db?mode=rwc&key=s3cret",
                "'sqlite://dev.db?<settings>'",
            ),
            ("postgres://me@host/app", "postgres://me@host/app"),
            (
                "postgres://me:s3cret@host/app",
                "'postgres://me:<password>@host/app'",
            ),
            (
                "mysql://host/app?password=s3cret",
                "'mysql://host/app?<settings>'",
            ),
            (
                "postgres://me:s3/c@r?e#t@host/app?password=s3cret",
                "'postgres://me…'",
            ),
        ] {
            assert_eq!(typed_url(url, None), typed);
        }
        let url = "postgres://me:s3cret@host/app";
        assert_eq!(typed_url(url, Some(url)), "\"$DATABASE_URL\"");
        assert!(!typed_url(url, Some("postgres://other")).contains("s3cret"));
    }

    #[test]
    fn what_is_refused_is_not_named() {
        let args = Selection::default();
        args.place.protect(true);
        let next = next(&args);
        for (text, kept) in [
            (
                "deploy it, or `cargo migrate revert <target>`, which works",
                "deploy it",
            ),
            (
                "`cargo migrate redo a` reverts; or take the edit back",
                "take the edit back",
            ),
            ("`cargo migrate run` goes on", "`cargo migrate run` goes on"),
            (
                "`cargo migrate revert --resume`, or `cargo migrate repair`; or ask",
                "`cargo migrate repair`; or ask",
            ),
        ] {
            assert_eq!(next.complete(text), kept);
        }
        let only = next.complete("`cargo migrate redo a`");
        assert!(only.starts_with("the environment is protected"), "{only}");
    }
}
