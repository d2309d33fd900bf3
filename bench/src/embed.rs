//! What embedding adds to a debug build after a one-line edit, and to the binary.
//!
//! Five programs in one workspace: one that embeds nothing, and for us and for sqlx one with the
//! whole chain and one with a single revision. The last two separate the chain's own bytes from
//! those of the code that runs it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::chain::{Chain, write_ours, write_sqlx};
use crate::{Result, line, median, millis};

const ROUNDS: usize = 9;
const NONE: usize = 0;
const OURS: usize = 1;
const SQLX: usize = 2;
const PROGRAMS: [&str; 5] = ["none", "ours", "theirs", "ours-one", "theirs-one"];

pub(crate) fn measure(chain: &Chain) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .ok_or("bench has a parent")?;
    let workspace = Workspace {
        folder: root.join("target/migrate-bench"),
    };
    workspace.write(root, chain.count)?;
    for program in PROGRAMS {
        workspace.build(program)?;
    }
    let mut times = vec![Vec::new(); 3];
    for round in 0..ROUNDS {
        for program in [NONE, OURS, SQLX] {
            workspace.edit(PROGRAMS[program], round + 1)?;
            times[program].push(workspace.build(PROGRAMS[program])?);
        }
    }
    let added = |program: usize| median(&times[program]).saturating_sub(median(&times[NONE]));
    let (ours, theirs) = (added(OURS), added(SQLX));
    let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
    let beside = format!("sqlx adds {}", millis(theirs));
    line(
        "debug build after an edit, adds",
        &millis(ours),
        &beside,
        ratio,
    );

    let (ours, ours_files) = workspace.chain_bytes("ours", "ours-one")?;
    let (theirs, _) = workspace.chain_bytes("theirs", "theirs-one")?;
    let kib = |bytes: u64| format!("{} KiB", bytes / 1_024);
    let ratio = |bytes: u64, beside: u64| bytes as f64 / beside as f64;
    line(
        "binary, adds",
        &kib(ours),
        &format!("sqlx adds {}", kib(theirs)),
        ratio(ours, theirs),
    );
    line(
        "",
        &kib(ours),
        &format!("its files {}", kib(ours_files)),
        ratio(ours, ours_files),
    );
    Ok(())
}

struct Workspace {
    folder: PathBuf,
}

impl Workspace {
    fn write(&self, root: &Path, count: usize) -> Result<()> {
        if self.folder.join("Cargo.toml").exists() {
            for program in PROGRAMS {
                fs::remove_dir_all(self.folder.join(program))?;
            }
        }
        for program in PROGRAMS {
            let package = self.folder.join(program);
            fs::create_dir_all(package.join("src"))?;
            fs::write(
                package.join("Cargo.toml"),
                format!(
                    "[package]\nname = \"{program}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
                     [dependencies]\nmigrate-sqlx = {{ path = {:?}, features = [\"sqlite\"] }}\n\
                     sqlx = {{ version = \"0.9\", default-features = false, features = [\"macros\", \"migrate\", \"runtime-tokio\", \"sqlite\"] }}\n\
                     tokio = {{ version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }}\n",
                    root.join("migrate-sqlx")
                ),
            )?;
            let count = if program.ends_with("one") { 1 } else { count };
            match program.split('-').next() {
                Some("ours") => write_ours(&package, count)?,
                Some("theirs") => write_sqlx(&package.join("migrations"), count)?,
                _ => {}
            }
            self.edit(program, 0)?;
        }
        // The same versions of everything as here.
        fs::copy(root.join("Cargo.lock"), self.folder.join("Cargo.lock"))?;
        let members = PROGRAMS.map(|program| format!("{program:?}")).join(", ");
        fs::write(
            self.folder.join("Cargo.toml"),
            format!("[workspace]\nresolver = \"3\"\nmembers = [{members}]\n"),
        )?;
        Ok(())
    }

    /// Writes the program's main.rs, which differs from round to round in one line.
    fn edit(&self, program: &str, round: usize) -> Result<()> {
        let (chain, run) = match program.split('-').next() {
            Some("ours") => (
                "static CHAIN: migrate_sqlx::Migrations = migrate_sqlx::embed_migrations!();",
                "CHAIN.run(&pool).await.unwrap();",
            ),
            Some("theirs") => (
                "static CHAIN: sqlx::migrate::Migrator = sqlx::migrate!();",
                "CHAIN.run(&pool).await.unwrap();",
            ),
            _ => ("", ""),
        };
        let source = format!(
            "{chain}\n\n#[tokio::main]\nasync fn main() {{\n    println!(\"{round}\");\n    \
             let pool = sqlx::SqlitePool::connect(\"sqlite::memory:\").await.unwrap();\n    {run}\n    pool.close().await;\n}}\n"
        );
        Ok(fs::write(
            self.folder.join(program).join("src/main.rs"),
            source,
        )?)
    }

    fn cargo(&self) -> Command {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        // Built in place, and as a user's project is.
        for name in [
            "CARGO_TARGET_DIR",
            "CARGO_BUILD_TARGET_DIR",
            "CARGO_INCREMENTAL",
            "RUSTFLAGS",
        ] {
            command.env_remove(name);
        }
        command.current_dir(&self.folder);
        command
    }

    fn build(&self, program: &str) -> Result<Duration> {
        let mut command = self.cargo();
        command.args(["build", "--quiet", "--package", program]);
        let began = Instant::now();
        match command.status()?.success() {
            true => Ok(began.elapsed()),
            false => Err(format!("{command:?} failed").into()),
        }
    }

    /// How much larger the binary with the whole chain is, and how large its files are.
    fn chain_bytes(&self, whole: &str, one: &str) -> Result<(u64, u64)> {
        let size = |program: &str| {
            fs::metadata(self.folder.join("target/debug").join(program)).map(|file| file.len())
        };
        let mut files = 0;
        for file in fs::read_dir(self.folder.join(whole).join("migrations"))? {
            files += file?.metadata()?.len();
        }
        Ok((size(whole)?.saturating_sub(size(one)?), files))
    }
}
