//! One process of the command, from its start to its end.

use std::ffi::OsStr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr};
use tokio::time::timeout;

use crate::Result;
use crate::process::succeed;

/// How long a process may take at most.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);

/// Puts a program before a command, which becomes the command in the end.
pub(crate) fn wrapped_in<S: AsRef<OsStr>>(program: &[S], command: &Command) -> Command {
    let mut whole = Command::new(&program[0]);
    whole
        .args(&program[1..])
        .arg(command.get_program())
        .args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        whole.current_dir(folder);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => whole.env(name, value),
            None => whole.env_remove(name),
        };
    }
    whole
}

/// A running one.
#[derive(Debug)]
pub(crate) struct Migrator {
    child: Child,
    began: Instant,
    lines: Lines<BufReader<ChildStderr>>,
    said: String,
    done: Vec<Duration>,
}

/// One that has ended.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    /// Its exit status; `None` where it was killed.
    pub(crate) code: Option<i32>,
    /// What went to stderr.
    pub(crate) said: String,
    /// When it reported each revision as applied or reverted, since its start.
    pub(crate) done: Vec<Duration>,
}

impl Migrator {
    /// Starts it.
    pub(crate) fn start(command: Command) -> Result<Self> {
        Self::spawn(command, Stdio::null())
    }

    /// Starts a shell that becomes it on [`Migrator::go`].
    pub(crate) fn hold(command: &Command) -> Result<Self> {
        let held = ["sh", "-c", r#"read -r go; exec "$@""#, "sh"];
        Self::spawn(wrapped_in(&held, command), Stdio::piped())
    }

    fn spawn(mut command: Command, stdin: Stdio) -> Result<Self> {
        command
            .stdin(stdin)
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = tokio::process::Command::from(command)
            .kill_on_drop(true)
            .spawn()?;
        let stderr = child.stderr.take().ok_or("stderr is piped")?;
        Ok(Self {
            child,
            began: Instant::now(),
            lines: BufReader::new(stderr).lines(),
            said: String::new(),
            done: Vec::new(),
        })
    }

    /// Lets a held one begin.
    pub(crate) async fn go(&mut self) -> Result<()> {
        let mut stdin = self.child.stdin.take().ok_or("stdin is piped")?;
        stdin.write_all(b"go\n").await?;
        Ok(())
    }

    /// Listens until it has reported this many revisions; false if it ended before.
    pub(crate) async fn has_done(&mut self, count: usize) -> Result<bool> {
        while self.done.len() < count {
            if !self.listen().await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn listen(&mut self) -> Result<bool> {
        let line = timeout(PATIENCE, self.lines.next_line()).await;
        let Some(line) = line.map_err(|_| self.stuck())?? else {
            return Ok(false);
        };
        if line.starts_with("applied ") || line.starts_with("reverted ") {
            self.done.push(self.began.elapsed());
        }
        self.said.push_str(&line);
        self.said.push('\n');
        Ok(true)
    }

    fn stuck(&self) -> String {
        format!(
            "a migrator printed nothing for {PATIENCE:?} after\n{}",
            self.said
        )
    }

    /// Whether it still runs.
    pub(crate) fn is_alive(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// Asks it to end, as Ctrl-C does.
    pub(crate) fn interrupt(&self) -> Result<()> {
        let id = self.child.id().ok_or("it has ended")?;
        succeed(Command::new("kill").args(["-INT", &id.to_string()]))
    }

    /// Kills it, whatever it does.
    pub(crate) async fn kill(mut self) -> Result<Ended> {
        self.child.start_kill()?;
        self.end().await
    }

    /// Waits for its end.
    pub(crate) async fn end(mut self) -> Result<Ended> {
        while self.listen().await? {}
        let status = timeout(PATIENCE, self.child.wait()).await;
        let status = status.map_err(|_| self.stuck())??;
        Ok(Ended {
            code: status.code(),
            said: self.said,
            done: self.done,
        })
    }
}
