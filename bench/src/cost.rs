//! The cost of migrations for an application: CPU time of a cold build, and the size of its binary.
//!
//! Each tool is compared with the same application without it, on the same driver: cargo migrate and
//! `sqlx::migrate!` on sqlx, refinery on rusqlite, diesel_migrations on diesel. All on SQLite, with the
//! same tables.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::chain::{write_ours, write_sqlx};

/// One application, and the one that it is compared with.
struct Program {
    name: &'static str,
    beside: Option<&'static str>,
    dependencies: &'static [&'static str],
    source: &'static str,
}

const SQLX: &str = "sqlx = { version = \"0.9\", default-features = false, features = [\"runtime-tokio\", \"sqlite\"] }";
const SQLX_MIGRATE: &str = "sqlx = { version = \"0.9\", default-features = false, features = [\"macros\", \"migrate\", \"runtime-tokio\", \"sqlite\"] }";
const TOKIO: &str = "tokio = { version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }";
const RUSQLITE: &str = "rusqlite = { version = \"0.39\", features = [\"bundled\"] }";
const DIESEL: &str =
    "diesel = { version = \"2\", default-features = false, features = [\"sqlite\"] }";
const BUNDLED: &str = "libsqlite3-sys = { version = \"*\", features = [\"bundled\"] }";

/// How an application on sqlx is written.
macro_rules! on_sqlx {
    ($($migrate:tt)*) => {
        concat!(
            "#[tokio::main]\nasync fn main() {\n",
            "    let pool = sqlx::SqlitePool::connect(\"sqlite::memory:\").await.unwrap();\n",
            $($migrate)*,
            "    pool.close().await;\n}\n"
        )
    };
}

const PROGRAMS: [Program; 7] = [
    Program {
        name: "sqlx",
        beside: None,
        dependencies: &[SQLX, TOKIO],
        source: on_sqlx!(""),
    },
    Program {
        name: "cargo-migrate",
        beside: Some("sqlx"),
        dependencies: &[SQLX, TOKIO],
        source: on_sqlx!(
            "    static M: migrate_sqlx::Migrations = migrate_sqlx::embed_migrations!();\n",
            "    M.run(&pool).await.unwrap();\n"
        ),
    },
    Program {
        name: "sqlx-migrate",
        beside: Some("sqlx"),
        dependencies: &[SQLX_MIGRATE, TOKIO],
        source: on_sqlx!("    sqlx::migrate!().run(&pool).await.unwrap();\n"),
    },
    Program {
        name: "rusqlite",
        beside: None,
        dependencies: &[RUSQLITE],
        source: "fn main() {\n    rusqlite::Connection::open_in_memory().unwrap();\n}\n",
    },
    Program {
        name: "refinery",
        beside: Some("rusqlite"),
        dependencies: &[
            RUSQLITE,
            "refinery = { version = \"0.10\", features = [\"rusqlite\"] }",
        ],
        source: "refinery::embed_migrations!(\"migrations\");\n\nfn main() {\n    let mut connection = rusqlite::Connection::open_in_memory().unwrap();\n    migrations::runner().run(&mut connection).unwrap();\n}\n",
    },
    Program {
        name: "diesel",
        beside: None,
        dependencies: &[DIESEL, BUNDLED],
        source: "use diesel::Connection;\n\nfn main() {\n    diesel::SqliteConnection::establish(\":memory:\").unwrap();\n}\n",
    },
    Program {
        name: "diesel-migrations",
        beside: Some("diesel"),
        dependencies: &[
            DIESEL,
            BUNDLED,
            "diesel_migrations = { version = \"2\", features = [\"sqlite\"] }",
        ],
        source: "use diesel::Connection;\nuse diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};\n\nconst M: EmbeddedMigrations = embed_migrations!();\n\nfn main() {\n    let mut connection = diesel::SqliteConnection::establish(\":memory:\").unwrap();\n    connection.run_pending_migrations(M).unwrap();\n}\n",
    },
];

/// What one application costs.
#[derive(Clone, Copy)]
struct Cost {
    cpu_seconds: f64,
    bytes: u64,
}

/// Builds each application from nothing, and prints what it costs more than the one beside it.
pub(crate) fn measure() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .ok_or("bench has a parent")?;
    let folder = root.join("target/migrate-bench-cost");
    println!(
        "{:<20} {:>16} {:>10} {:>18} {:>10}",
        "", "cold build", "adds", "stripped binary", "adds"
    );
    let mut known: Vec<(&str, Cost)> = Vec::new();
    for program in &PROGRAMS {
        write(&folder.join(program.name), program, root)?;
        let cost = build(&folder.join(program.name), program.name)?;
        let beside = known.iter().find(|(name, _)| Some(*name) == program.beside);
        let (cpu, size) = match beside {
            None => (String::new(), String::new()),
            Some((_, beside)) => (
                format!("{:.1} s", cost.cpu_seconds - beside.cpu_seconds),
                format!("{:.2} MB", megabytes(cost.bytes) - megabytes(beside.bytes)),
            ),
        };
        println!(
            "{:<20} {:>12.1} s CPU {cpu:>8} {:>15.2} MB {size:>10}",
            program.name,
            cost.cpu_seconds,
            megabytes(cost.bytes)
        );
        known.push((program.name, cost));
    }
    Ok(())
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// Writes the application's package, a workspace of its own.
fn write(package: &Path, program: &Program, root: &Path) -> Result<()> {
    if package.exists() {
        fs::remove_dir_all(package)?;
    }
    fs::create_dir_all(package.join("src"))?;
    let mut manifest = format!(
        "[package]\nname = \"{}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[profile.release]\nstrip = true\n\n[dependencies]\n",
        program.name
    );
    for dependency in program.dependencies {
        manifest += &format!("{dependency}\n");
    }
    let migrations = package.join("migrations");
    match program.name {
        "cargo-migrate" => {
            let runtime = root.join("migrate-sqlx");
            manifest +=
                &format!("migrate-sqlx = {{ path = {runtime:?}, features = [\"sqlite\"] }}\n");
            write_ours(package, 1)?;
        }
        "sqlx-migrate" => write_sqlx(&migrations, 1)?,
        "refinery" => {
            fs::create_dir_all(&migrations)?;
            fs::write(migrations.join("V1__one.sql"), crate::chain::up(0))?;
        }
        "diesel-migrations" => {
            let one = migrations.join("0001_one");
            fs::create_dir_all(&one)?;
            fs::write(one.join("up.sql"), crate::chain::up(0))?;
            fs::write(one.join("down.sql"), "DROP TABLE t0000;\n")?;
        }
        _ => {}
    }
    fs::write(package.join("Cargo.toml"), manifest)?;
    // The same versions of everything as here.
    fs::copy(root.join("Cargo.lock"), package.join("Cargo.lock"))?;
    Ok(fs::write(package.join("src/main.rs"), program.source)?)
}

/// Builds a debug binary, whose CPU time counts, and a release binary, whose size does.
fn build(package: &Path, name: &str) -> Result<Cost> {
    cargo(package, &["fetch"])?;
    let cpu_seconds = cargo(package, &["build", "--offline"])?;
    cargo(package, &["build", "--offline", "--release"])?;
    let binary: PathBuf = package.join("target/release").join(name);
    let bytes = fs::metadata(binary)?.len();
    fs::remove_dir_all(package.join("target"))?;
    Ok(Cost { cpu_seconds, bytes })
}

/// Runs cargo and returns the CPU seconds of it and of all that it started.
///
/// Nothing is built incrementally: cargo never does that with a package from the registry, and what
/// is measured here as a path is one for its users.
fn cargo(package: &Path, arguments: &[&str]) -> Result<f64> {
    let output = Command::new("bash")
        .args(["-c", "cargo \"$@\" && times", "bash"])
        .args(arguments)
        .current_dir(package)
        .env("CARGO_TARGET_DIR", package.join("target"))
        .env("CARGO_INCREMENTAL", "0")
        .env("LC_ALL", "C")
        .env_remove("RUSTFLAGS")
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let output = String::from_utf8(output.stdout)?;
    let children = output.lines().last().ok_or("bash prints no times")?;
    let seconds = |time: &str| -> Result<f64> {
        let (minutes, seconds) = time
            .trim_end_matches('s')
            .split_once('m')
            .ok_or("bash prints `1m2.345s`")?;
        Ok(minutes.parse::<f64>()? * 60.0 + seconds.parse::<f64>()?)
    };
    children.split_whitespace().map(seconds).sum()
}
