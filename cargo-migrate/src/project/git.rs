//! Reads the migrations folder at other commits from git.

mod worktree;

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use migrate_core::{ChainLock, Config, File, Folder};

pub(crate) use self::worktree::{Change, ChangeKind};
use crate::output::error::CommandError;
use crate::output::failure::Failure;

/// The repository that a package is in.
#[derive(Debug)]
pub(crate) struct Repository {
    package: PathBuf,
}

/// A commit, by its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Commit(String);

impl Repository {
    /// Finds the repository of a package; `None` if there is none, or git is not installed.
    pub(crate) fn find(package: &Path) -> Option<Self> {
        let repository = Self {
            package: package.to_owned(),
        };
        let found = repository
            .git(["rev-parse", "--is-inside-work-tree"])
            .ok()?;
        found.status.success().then_some(repository)
    }

    /// Finds the repository of a package, which a command cannot do without.
    pub(crate) fn require(package: &Path) -> Result<Self, CommandError> {
        Self::find(package).ok_or_else(|| {
            CommandError::new(
                Failure::NoRepository,
                format!(
                    "`{}` is not in a git repository, or git is not installed",
                    package.display()
                ),
            )
            .help("create one with `git init`, or leave out the git reference")
        })
    }

    fn git<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Result<Output, CommandError> {
        self.command(arguments).output().map_err(not_started)
    }

    fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new("git");
        command
            .arg("-C")
            .arg(&self.package)
            .args(arguments)
            .env("GIT_OPTIONAL_LOCKS", "0")
            .stdin(Stdio::null());
        command
    }

    /// Finds the commit that a reference names.
    pub(crate) fn commit(&self, reference: &str) -> Result<Commit, CommandError> {
        self.look_up(reference)?.ok_or_else(|| {
            let remote = reference
                .split_once('/')
                .filter(|(remote, branch)| !branch.is_empty() && self.is_remote(remote));
            let error = CommandError::new(
                Failure::UnknownReference,
                format!("git knows no commit `{reference}`"),
            );
            match remote {
                Some((remote, branch)) => {
                    error.help(format!("fetch it with `git fetch {remote} {branch}`"))
                }
                None => error.help("`git branch --all` lists the branches"),
            }
        })
    }

    fn look_up(&self, reference: &str) -> Result<Option<Commit>, CommandError> {
        let commit = format!("{reference}^{{commit}}");
        let output = self.git([
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &commit,
        ])?;
        Ok(output
            .status
            .success()
            .then(|| Commit(line(&output.stdout))))
    }

    fn is_remote(&self, name: &str) -> bool {
        let remotes = self.git(["remote"]);
        remotes.is_ok_and(|remotes| {
            String::from_utf8_lossy(&remotes.stdout)
                .lines()
                .any(|remote| remote == name)
        })
    }

    /// Returns the main branch of the remote, as far as git knows it, if there is a remote.
    pub(crate) fn published(&self) -> Result<Option<String>, CommandError> {
        let head = self.git([
            "symbolic-ref",
            "--quiet",
            "--short",
            "refs/remotes/origin/HEAD",
        ])?;
        if head.status.success() {
            return Ok(Some(line(&head.stdout)));
        }
        for name in ["origin/main", "origin/master"] {
            if self.look_up(name)?.is_some() {
                return Ok(Some(name.to_owned()));
            }
        }
        Ok(None)
    }

    /// Finds the last commit that is part of both histories.
    pub(crate) fn merge_base(&self, a: &Commit, b: &Commit) -> Result<Commit, CommandError> {
        let output = self.git(["merge-base", &a.0, &b.0])?;
        if output.status.success() {
            return Ok(Commit(line(&output.stdout)));
        }
        let shallow = self.git(["rev-parse", "--is-shallow-repository"])?;
        let error = CommandError::new(
            Failure::NoMergeBase,
            "git finds no common commit of both histories",
        );
        Err(match line(&shallow.stdout) == "true" {
            true => error.help("this clone is shallow: fetch the rest with `git fetch --unshallow`, or in CI check out with `fetch-depth: 0`"),
            false => error.help("the two have nothing in common; name a reference of this project"),
        })
    }

    /// Reads the migrations folder of a commit, where its own migrate.toml says it is.
    pub(crate) fn folder(&self, commit: &Commit) -> Result<Folder, CommandError> {
        let config = match self.read(commit, Config::FILE)? {
            Some(text) => Config::parse(Config::FILE, &text).map_err(CommandError::diagnostics)?,
            None => Config::default(),
        };
        let dir = config.dir.trim_end_matches('/');
        // With a slash it is the folder's content, and nothing if there is none.
        let listing = self.git(["ls-tree", "-z", &commit.0, &format!("./{dir}/")])?;
        if !listing.status.success() {
            return Err(refused(&listing));
        }
        let mut folder = Folder {
            shown: config.dir.clone(),
            ..Folder::default()
        };
        let mut wanted = Vec::new();
        for entry in listing.stdout.split(|byte| *byte == 0) {
            let entry = String::from_utf8_lossy(entry);
            let Some((what, path)) = entry.split_once('\t') else {
                continue;
            };
            let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
            let is_sql = Path::new(name)
                .extension()
                .is_some_and(|extension| extension.eq_ignore_ascii_case("sql"));
            let mut words = what.split(' ');
            let (kind, object) = (words.nth(1), words.next());
            if let (Some("blob"), Some(object)) = (kind, object)
                && (is_sql || name == ChainLock::FILE)
            {
                wanted.push((name.to_owned(), object.to_owned()));
            }
        }
        let mut texts = self.blobs(wanted.iter().map(|(_, object)| object.as_str()))?;
        for (name, object) in wanted {
            let text = texts.remove(&object).unwrap_or_default();
            match name == ChainLock::FILE {
                true => folder.lock = Some(text),
                false => folder.files.push(File {
                    name,
                    text: text.into(),
                }),
            }
        }
        folder.files.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(folder)
    }

    /// Reads the migrations folder of the last commit, if there is one.
    pub(crate) fn committed(&self) -> Result<Option<Folder>, CommandError> {
        match self.look_up("HEAD")? {
            Some(head) => self.folder(&head).map(Some),
            None => Ok(None),
        }
    }

    /// Finds the last commit that has the file of a revision, and that file's path in the package.
    pub(crate) fn last_seen(
        &self,
        dir: &str,
        id: &str,
    ) -> Result<Option<(String, String)>, CommandError> {
        let dir = dir.trim_end_matches('/');
        let is_it = |text: &str| {
            let revision = migrate_core::Revision::parse("", text, migrate_core::Dialects::NONE);
            revision.is_ok_and(|revision| revision.id.as_str() == id)
        };
        if let Some(folder) = self.committed()?
            && let Some(file) = folder.files.iter().find(|file| is_it(&file.text))
        {
            return Ok(Some(("HEAD".to_owned(), format!("{dir}/{}", file.name))));
        }
        let deleted = self.git([
            "log",
            "--diff-filter=D",
            "--format=commit %H",
            "--name-only",
            "--no-renames",
            "--relative",
            "--max-count=1000",
            "--",
            &format!("./{dir}/"),
        ])?;
        let mut before = String::new();
        for line in String::from_utf8_lossy(&deleted.stdout).lines() {
            if let Some(commit) = line.strip_prefix("commit ") {
                before = format!("{commit}^");
            } else if line.ends_with(".sql")
                && let Some(text) = self.read(&Commit(before.clone()), line)?
                && is_it(&text)
            {
                let commit = before
                    .get(..12)
                    .map_or(before.clone(), |short| format!("{short}^"));
                return Ok(Some((commit, line.to_owned())));
            }
        }
        Ok(None)
    }

    /// Finds a commit of a branch that has not been merged which adds the file of a revision, and
    /// that file's path in the package.
    pub(crate) fn unmerged(
        &self,
        dir: &str,
        id: &str,
    ) -> Result<Option<(String, String)>, CommandError> {
        let dir = dir.trim_end_matches('/');
        // A dot of an id is not a wildcard.
        let line = format!("^-- *revision: *{} *\r?$", id.replace('.', "[.]"));
        let added = self.git([
            "log",
            "--branches",
            "--remotes",
            "--not",
            "HEAD",
            "--extended-regexp",
            "-G",
            &line,
            "--format=commit %h",
            "--name-only",
            "--no-renames",
            "--diff-filter=A",
            "--relative",
            "--max-count=1",
            "--",
            &format!("./{dir}/"),
        ])?;
        let text = String::from_utf8_lossy(&added.stdout);
        let commit = text.lines().find_map(|line| line.strip_prefix("commit "));
        let file = text.lines().find(|line| line.ends_with(".sql"));
        Ok(commit
            .zip(file)
            .map(|(commit, file)| (commit.to_owned(), file.to_owned())))
    }

    /// Reads one file of a commit, relative to the package.
    fn read(&self, commit: &Commit, path: &str) -> Result<Option<String>, CommandError> {
        let output = self.git(["cat-file", "blob", &format!("{}:./{path}", commit.0)])?;
        Ok(output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).into_owned()))
    }

    /// Reads many objects through one process.
    fn blobs<'a>(
        &self,
        objects: impl Iterator<Item = &'a str>,
    ) -> Result<HashMap<String, String>, CommandError> {
        let mut child = self
            .command(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(not_started)?;
        let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(std::io::Error::other("git has no pipes").into());
        };
        let mut stdout = BufReader::new(stdout);
        let mut texts = HashMap::new();
        for object in objects {
            // One question, one answer: neither pipe can fill up.
            writeln!(stdin, "{object}")?;
            let mut header = String::new();
            stdout.read_line(&mut header)?;
            let size = header
                .trim_end()
                .rsplit(' ')
                .next()
                .and_then(|size| size.parse().ok());
            let Some(size) = size else {
                return Err(
                    CommandError::new(Failure::Git, "git cannot read its own objects")
                        .cause(header.trim_end())
                        .help("`git fsck` shows more"),
                );
            };
            let mut bytes = vec![0; size];
            stdout.read_exact(&mut bytes)?;
            stdout.read_exact(&mut [0])?;
            texts.insert(
                object.to_owned(),
                String::from_utf8_lossy(&bytes).into_owned(),
            );
        }
        drop(stdin);
        child.wait()?;
        Ok(texts)
    }
}

fn line(output: &[u8]) -> String {
    String::from_utf8_lossy(output).trim().to_owned()
}

fn not_started(error: std::io::Error) -> CommandError {
    CommandError::new(Failure::Git, "git cannot be started").because(error)
}

fn refused(output: &Output) -> CommandError {
    CommandError::new(Failure::Git, "git refused").cause(line(&output.stderr))
}
