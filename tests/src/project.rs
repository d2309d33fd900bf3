//! A small package in a folder of its own, and the command run in it.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A package without sources worth the name, in a temporary folder.
#[derive(Debug)]
pub struct TestProject {
    folder: tempfile::TempDir,
    binary: PathBuf,
}

/// What a command said and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "snapshot the output, or assert its exit status"]
pub struct CommandOutput {
    /// What went to stdout.
    pub stdout: String,
    /// What went to stderr.
    pub stderr: String,
    /// The exit status; `None` where a signal ended it.
    pub code: Option<i32>,
}

impl TestProject {
    /// Makes a package; `binary` is the command, as `env!("CARGO_BIN_EXE_cargo-migrate")` says.
    ///
    /// # Panics
    ///
    /// There is no temporary folder.
    #[must_use]
    pub fn new(binary: impl AsRef<Path>) -> Self {
        let project = Self::empty(binary);
        project.write(
            "Cargo.toml",
            "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n",
        );
        project.write("src/lib.rs", "");
        project
    }

    /// Makes a folder with nothing in it.
    ///
    /// # Panics
    ///
    /// There is no temporary folder.
    #[must_use]
    pub fn empty(binary: impl AsRef<Path>) -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
            binary: binary.as_ref().to_owned(),
        }
    }

    /// Returns the folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file, and the folders above it.
    ///
    /// # Panics
    ///
    /// The file cannot be written.
    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder"))
            .expect("the folder can be made");
        fs::write(path, text).expect("the file can be written");
    }

    /// Reads a file.
    ///
    /// # Panics
    ///
    /// The file cannot be read.
    #[must_use]
    #[track_caller]
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path().join(path)).expect("the file can be read")
    }

    /// Runs git in the project, as somebody without settings.
    ///
    /// # Panics
    ///
    /// It fails.
    #[track_caller]
    pub fn git(&self, arguments: &[&str]) {
        let output = Command::new("git")
            .current_dir(self.path())
            .args(["-c", "user.name=me", "-c", "user.email=me@example.com"])
            .args(["-c", "commit.gpgsign=false", "-c", "core.autocrlf=false"])
            .args(["-c", "init.defaultBranch=main"])
            .args(arguments)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .expect("git starts");
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
    }

    /// Returns the command, in the package and with a clean environment.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command.current_dir(self.path()).env_clear();
        for kept in [
            "PATH",
            "CARGO_HOME",
            "RUSTUP_HOME",
            "RUSTUP_TOOLCHAIN",
            "CARGO",
            "LLVM_PROFILE_FILE",
        ] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        // rustup and cargo find what they keep in the home folder where nothing else is said.
        if let Some(home) = std::env::home_dir() {
            for (variable, folder) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
                if std::env::var_os(variable).is_none() {
                    command.env(variable, home.join(folder));
                }
            }
        }
        command
            .env("HOME", self.path())
            .env("NO_COLOR", "1")
            .env("COLUMNS", "100")
            .env("LANG", "C.UTF-8")
            .env("CARGO_MIGRATE_TEST_NOW", "2026-11-20T14:32:05Z")
            .env("CARGO_MIGRATE_TEST_SEED", "1");
        command
    }

    /// Runs the command to its end.
    ///
    /// # Panics
    ///
    /// The command cannot be started.
    pub fn run<S: AsRef<std::ffi::OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> CommandOutput {
        self.output(self.command().args(arguments))
    }

    /// Runs a command that [`TestProject::command`] gave and the test has changed.
    ///
    /// # Panics
    ///
    /// The command cannot be started.
    pub fn output(&self, command: &mut Command) -> CommandOutput {
        let output = command.output().expect("the command starts");
        let folder = self.path().to_string_lossy().into_owned();
        let canonical = self.path().canonicalize().map_or_else(
            |_| folder.clone(),
            |path| path.to_string_lossy().into_owned(),
        );
        let text = |bytes: &[u8]| {
            String::from_utf8_lossy(bytes)
                .replace(&canonical, "$PROJECT")
                .replace(&folder, "$PROJECT")
        };
        CommandOutput {
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
            code: output.status.code(),
        }
    }
}

impl CommandOutput {
    /// Asserts the exit status.
    ///
    /// # Panics
    ///
    /// It is another one.
    #[track_caller]
    pub fn code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// Asserts that all went well.
    ///
    /// # Panics
    ///
    /// It did not.
    #[track_caller]
    pub fn success(self) -> Self {
        self.code(0)
    }

    /// Reads stdout as one JSON document.
    ///
    /// # Panics
    ///
    /// It is none.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in\n{self}"))
    }
}

impl fmt::Display for CommandOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.stdout)?;
        if !self.stderr.is_empty() {
            write!(f, "------- stderr -------\n{}", self.stderr)?;
        }
        match self.code {
            Some(0) => Ok(()),
            Some(code) => write!(f, "[exit status: {code}]"),
            None => f.write_str("[ended by a signal]"),
        }
    }
}
