//! A disk that is soon full.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::Result;
use crate::process::{is_root, succeed};

/// Its size in kibibytes.
const SIZE: u32 = 96 * 1024;

/// A file that takes up the space.
const BALLAST: &str = "ballast";

/// A small file system in memory, mounted where only the processes see it that it lets in: it disappears
/// with the last of them, whatever happens.
#[derive(Debug)]
pub(crate) struct Disk {
    /// A shell that runs lines from stdin.
    shell: Child,
    stdin: ChildStdin,
    answers: BufReader<ChildStdout>,
    place: tempfile::TempDir,
}

impl Disk {
    /// Creates one with this many free kibibytes.
    pub(crate) fn with_room(kibibytes: u32) -> Result<Self> {
        let place = tempfile::Builder::new().prefix("migrate-disk.").tempdir()?;
        if is_root()? {
            // Whoever runs a server goes through it.
            succeed(Command::new("chmod").arg("755").arg(place.path()))?;
        }
        let mut unshare = Command::new("unshare");
        unshare.arg("--mount");
        if !is_root()? {
            unshare.args(["--user", "--map-root-user"]);
        }
        let mut shell = unshare
            .arg("sh")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("unshare: {error}"))?;
        let stdin = shell.stdin.take().ok_or("stdin is piped")?;
        let answers = BufReader::new(shell.stdout.take().ok_or("stdout is piped")?);
        let mut disk = Self {
            shell,
            stdin,
            answers,
            place,
        };
        let path = disk.path().display().to_string();
        disk.run_line(&format!(
            "mount -t tmpfs -o size={SIZE}k,mode=777 tmpfs {path}"
        ))?;
        let ballast = SIZE - kibibytes;
        disk.run_line(&format!("head -c {ballast}k /dev/zero >{path}/{BALLAST}"))?;
        Ok(disk)
    }

    /// Where it is, for those inside.
    pub(crate) fn path(&self) -> &Path {
        self.place.path()
    }

    /// Frees space.
    pub(crate) fn grow(&mut self) -> Result<()> {
        let path = self.path().display().to_string();
        self.run_line(&format!("rm {path}/{BALLAST}"))
    }

    /// Copies a file of it to a place that all see.
    pub(crate) fn copy(&mut self, name: &str, to: &Path) -> Result<()> {
        let from = self.path().join(name).display().to_string();
        self.run_line(&format!("cp {from} {}", to.display()))
    }

    /// Runs a line inside.
    pub(crate) fn run_line(&mut self, line: &str) -> Result<()> {
        writeln!(self.stdin, "{{ {line}; }} >&2; echo $?")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        match answer.trim() {
            "0" => Ok(()),
            _ => Err(format!("`{line}` failed: this needs root, or user namespaces").into()),
        }
    }

    /// The prefix of a command that runs inside.
    pub(crate) fn enter(&self) -> Result<Vec<String>> {
        let mut enter = vec![
            "nsenter".to_owned(),
            format!("--target={}", self.shell.id()),
            "--mount".to_owned(),
            "--wd=/".to_owned(),
        ];
        if !is_root()? {
            enter.push("--user".to_owned());
            enter.push("--preserve-credentials".to_owned());
        }
        Ok(enter)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(self.shell.kill());
        drop(self.shell.wait());
    }
}
