//! The real Alembic, asked what it would do: see `tests/alembic/oracle.py`.

mod case;
mod random;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::{Deserialize, Serialize};

pub use case::{Case, Name, Question, Sketch};
pub use random::Random;

/// A process that holds Alembic and answers questions.
#[derive(Debug)]
pub struct Alembic {
    process: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// What Alembic would do.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    /// It goes these steps.
    Steps {
        /// In this order.
        steps: Vec<Step>,
    },
    /// It refuses, or it breaks.
    Refused {
        /// What its command line says; the exception's name where it breaks.
        error: String,
        /// What was behind it.
        cause: String,
    },
}

/// One step of Alembic's.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Step {
    /// The revision that is applied or reverted; none in a stamp.
    pub revision: Option<String>,
    /// The rows of the version table after it, sorted; none once Alembic has lost them.
    pub rows: Option<Vec<String>>,
}

#[derive(Serialize)]
struct Asked<'a> {
    revisions: &'a [Sketch],
    commands: &'a [Question],
}

impl Alembic {
    /// Returns a program of the environment that Alembic is installed in: `python` or `alembic`.
    ///
    /// # Panics
    ///
    /// There is none.
    #[must_use]
    pub fn program(name: &str) -> PathBuf {
        let folder = std::env::var_os("MIGRATE_TEST_ALEMBIC").unwrap_or_else(|| {
            panic!("this test needs Alembic: run it with ./tests/run, which installs it (or set MIGRATE_TEST_ALEMBIC to the bin folder of a virtual environment)")
        });
        PathBuf::from(folder).join(name)
    }

    /// Starts the process.
    ///
    /// # Panics
    ///
    /// It cannot be started.
    #[must_use]
    pub fn start() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/alembic/oracle.py");
        let mut process = Command::new(Self::program("python"))
            .arg(script)
            .env("PYTHONHASHSEED", "0")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python starts");
        let questions = process.stdin.take();
        let answers = process.stdout.take().expect("its stdout is a pipe");
        Self {
            process,
            questions,
            answers: BufReader::new(answers),
        }
    }

    /// Asks several questions about one graph.
    ///
    /// # Panics
    ///
    /// The process has ended; what it said is on stderr.
    #[must_use]
    pub fn ask(&mut self, revisions: &[Sketch], commands: &[Question]) -> Vec<Answer> {
        let asked = Asked {
            revisions,
            commands,
        };
        let line = serde_json::to_string(&asked).expect("a question is JSON");
        let questions = self.questions.as_mut().expect("the pipe is open");
        writeln!(questions, "{line}").expect("Alembic listens");
        let mut answer = String::new();
        self.answers
            .read_line(&mut answer)
            .expect("Alembic answers");
        serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error} in {answer:?}"))
    }
}

impl Drop for Alembic {
    fn drop(&mut self) {
        // It ends with its input.
        drop(self.questions.take());
        let _ended = self.process.wait();
    }
}
