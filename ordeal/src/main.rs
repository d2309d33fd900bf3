//! Runs many rounds of the ordeals, and prints a table of the results:
//!
//! ```console
//! $ ./tests/with-servers cargo run --release -p migrate-ordeal
//! ```

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use clap::Parser;
use migrate_core::Dialect;
use migrate_ordeal::{
    Arena, Result, Tally, Transactions, cut_connections, dead_servers, endless_statement,
    full_disk, killed_migrators, killed_reverts, locked_table, many_at_once, no_permission,
    read_only_database,
};
use tokio::signal::unix::{SignalKind, signal};

/// Runs kill and crash tests of cargo migrate, and prints a table.
#[derive(Debug, Parser)]
struct Args {
    /// Only this database: sqlite, postgres or mysql
    #[arg(long)]
    database: Option<Dialect>,
    /// Number of rounds of each ordeal, instead of its default
    #[arg(long)]
    rounds: Option<u32>,
    /// Only ordeals whose name contains this
    #[arg(long)]
    only: Option<String>,
    /// Seed of the random numbers
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The command to test; built if not given
    #[arg(long)]
    binary: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug)]
enum Ordeal {
    Many,
    ManyPooled,
    Killed,
    KilledPooled,
    KilledRevert,
    KilledOutside,
    KilledSettings,
    Dead,
    Cut,
    FullDisk,
    ReadOnly,
    NoPermission,
    Locked,
    Endless,
}

impl Ordeal {
    const ALL: [Self; 14] = [
        Self::Many,
        Self::ManyPooled,
        Self::Killed,
        Self::KilledPooled,
        Self::KilledRevert,
        Self::KilledOutside,
        Self::KilledSettings,
        Self::Dead,
        Self::Cut,
        Self::FullDisk,
        Self::ReadOnly,
        Self::NoPermission,
        Self::Locked,
        Self::Endless,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Many => "many-at-once",
            Self::ManyPooled => "many-through-pgbouncer",
            Self::Killed => "killed-migrator",
            Self::KilledPooled => "killed-through-pgbouncer",
            Self::KilledRevert => "killed-revert",
            Self::KilledOutside => "killed-outside-transaction",
            Self::KilledSettings => "killed-with-settings",
            Self::Dead => "dead-server",
            Self::Cut => "cut-connection",
            Self::FullDisk => "full-disk",
            Self::ReadOnly => "read-only",
            Self::NoPermission => "no-permission",
            Self::Locked => "locked-table",
            Self::Endless => "endless-statement",
        }
    }

    const fn rounds(self) -> u32 {
        match self {
            Self::Many | Self::ManyPooled => 20,
            Self::Killed | Self::KilledPooled | Self::KilledOutside | Self::KilledSettings => 200,
            Self::KilledRevert | Self::Dead | Self::Cut => 50,
            _ => 1,
        }
    }

    /// The databases that it can run on.
    const fn databases(self) -> &'static [Dialect] {
        match self {
            Self::ManyPooled | Self::KilledPooled => &[Dialect::Postgres],
            Self::KilledOutside => &[Dialect::Sqlite, Dialect::Postgres],
            Self::Dead | Self::Cut => &[Dialect::Postgres, Dialect::MySql],
            _ => &Dialect::ALL,
        }
    }

    async fn face(self, arena: &Arena) -> Result<Tally> {
        match self {
            Self::Many => many_at_once(arena, 20, 100).await,
            Self::ManyPooled => many_at_once(&arena.through_pgbouncer()?, 20, 100).await,
            Self::Killed => killed_migrators(arena, 30, Transactions::Used).await,
            Self::KilledPooled => {
                killed_migrators(&arena.through_pgbouncer()?, 30, Transactions::Used).await
            }
            Self::KilledRevert => killed_reverts(arena, 30).await,
            Self::KilledOutside => killed_migrators(arena, 30, Transactions::Refused).await,
            Self::KilledSettings => killed_migrators(arena, 30, Transactions::WithSettings).await,
            Self::Dead => dead_servers(arena, 100).await,
            Self::Cut => cut_connections(arena, 30).await,
            Self::FullDisk => full_disk(arena).await,
            Self::ReadOnly => read_only_database(arena).await,
            Self::NoPermission => no_permission(arena).await,
            Self::Locked => locked_table(arena).await,
            Self::Endless => endless_statement(arena).await,
        }
    }
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let args = Args::parse();
    let mut terminated = signal(SignalKind::terminate())?;
    // What is dropped here takes its servers and processes along.
    tokio::select! {
        ended = face_all(&args) => ended,
        _ = tokio::signal::ctrl_c() => Ok(ExitCode::from(130)),
        _ = terminated.recv() => Ok(ExitCode::from(143)),
    }
}

async fn face_all(args: &Args) -> Result<ExitCode> {
    let binary = match &args.binary {
        Some(binary) => binary.canonicalize()?,
        None => build()?,
    };
    let mut out = std::io::stdout();
    writeln!(
        out,
        "| ordeal | database | rounds | flaws | seen | seconds |"
    )?;
    writeln!(out, "|---|---|---|---|---|---|")?;
    let mut sound = true;
    for ordeal in Ordeal::ALL {
        let name = ordeal.name();
        if args.only.as_ref().is_some_and(|only| !name.contains(only)) {
            continue;
        }
        for &dialect in ordeal.databases() {
            if args.database.is_some_and(|only| only != dialect) {
                continue;
            }
            let rounds = args.rounds.unwrap_or(ordeal.rounds());
            let arena = Arena::new(&binary, dialect, &format!("ordeal::{name}"))?.rounds(rounds);
            let arena = Arena {
                seed: args.seed,
                ..arena
            };
            let began = Instant::now();
            let tally = match ordeal.face(&arena).await {
                Ok(tally) => tally,
                Err(error) => {
                    sound = false;
                    writeln!(
                        out,
                        "| {name} | {dialect} | 0 | | cannot be run here: {error} | |"
                    )?;
                    continue;
                }
            };
            writeln!(
                out,
                "| {name} | {dialect} | {} | {} | {} | {} |",
                tally.rounds,
                tally.flaws.len(),
                tally.summary(),
                began.elapsed().as_secs()
            )?;
            for flaw in &tally.flaws {
                writeln!(std::io::stderr(), "{name} on {dialect}, {flaw}")?;
            }
            sound &= tally.flaws.is_empty();
        }
    }
    Ok(match sound {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// Builds the command as this program was built, and returns its path.
fn build() -> Result<PathBuf> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args([
        "build",
        "--package",
        "cargo-migrate",
        "--message-format",
        "json-render-diagnostics",
    ]);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    let output = command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err("the command cannot be built".into());
    }
    let messages = String::from_utf8(output.stdout)?;
    let built = messages.lines().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        Some(PathBuf::from(message["executable"].as_str()?))
    });
    Ok(built.ok_or("cargo does not say where the command is")?)
}
