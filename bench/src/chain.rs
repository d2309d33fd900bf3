//! The same SQL in three forms: our chain, sqlx's folder, and a script for a client.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use migrate_core::{ChainLock, Config, Folder, NewRevision, RevisionId, Survey};
use migrate_sqlx::{LedgerNames, Migrations};
use sqlx::migrate::Migrator;

use crate::Result;

/// A chain of many revisions, in a folder that goes with this value.
pub(crate) struct Chain {
    folder: tempfile::TempDir,
    pub(crate) count: usize,
}

impl Chain {
    pub(crate) fn write(count: usize) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let chain = Self { folder, count };
        write_ours(&chain.ours(), count)?;
        write_sqlx(&chain.sqlx(), count)?;
        let mut script = String::new();
        for number in 0..count {
            write!(script, "BEGIN;\n{}COMMIT;\n", up(number))?;
        }
        fs::write(chain.script(), script)?;
        Ok(chain)
    }

    /// The folder that holds `migrations/` of our kind.
    pub(crate) fn ours(&self) -> PathBuf {
        self.folder.path().join("ours")
    }

    pub(crate) fn sqlx(&self) -> PathBuf {
        self.folder.path().join("sqlx")
    }

    pub(crate) fn script(&self) -> PathBuf {
        self.folder.path().join("script.sql")
    }

    /// Reads and judges our folder, as `check` does.
    pub(crate) fn survey(&self) -> Result<Survey> {
        let config = Config::default();
        let folder = Folder::read(&self.ours().join("migrations"), "migrations")?;
        Ok(Survey::new(&folder, &config))
    }

    /// Our chain, as an application holds it.
    pub(crate) fn migrations(&self) -> Result<Migrations> {
        let chain = self
            .survey()?
            .into_chain()
            .map_err(|found| format!("{found:?}"))?;
        Ok(Migrations::new(chain, LedgerNames::DEFAULT))
    }

    /// sqlx's chain, as an application holds it.
    pub(crate) async fn migrator(&self) -> Result<Migrator> {
        Ok(Migrator::new(self.sqlx()).await?)
    }
}

pub(crate) fn up(number: usize) -> String {
    format!(
        "CREATE TABLE t{number:04} (id BIGINT PRIMARY KEY, name VARCHAR(100) NOT NULL, note TEXT);\n\
         CREATE INDEX t{number:04}_name ON t{number:04} (name);\n"
    )
}

/// Writes a sealed chain of our kind below `package`, one revision after the other.
pub(crate) fn write_ours(package: &Path, count: usize) -> Result<()> {
    write_graph(package, count, |number| {
        number.checked_sub(1).into_iter().collect()
    })
}

/// Writes a sealed graph of our kind below `package`; `parents` returns what each revision follows.
pub(crate) fn write_graph(
    package: &Path,
    count: usize,
    parents: impl Fn(usize) -> Vec<usize>,
) -> Result<()> {
    let dir = package.join("migrations");
    fs::create_dir_all(&dir)?;
    let id = |number: usize| format!("r{number:011x}").parse::<RevisionId>();
    for number in 0..count {
        let revision = NewRevision {
            id: id(number)?,
            parents: parents(number)
                .into_iter()
                .map(id)
                .collect::<std::result::Result<_, _>>()?,
            message: format!("create t{number:04}"),
            created: "2026-11-20T14:32:05Z".to_owned(),
            sections: vec![
                ("up".to_owned(), up(number)),
                ("down".to_owned(), format!("DROP TABLE t{number:04};\n")),
            ],
            ..NewRevision::empty()
        };
        fs::write(
            dir.join(revision.file_name("{created}_{id}_{slug}")),
            revision.render(),
        )?;
    }
    let survey = Survey::new(&Folder::read(&dir, "migrations")?, &Config::default());
    let mut lock = ChainLock::default();
    for revision in &survey.revisions {
        lock.seal(revision);
    }
    Ok(fs::write(dir.join(ChainLock::FILE), lock.render())?)
}

/// Writes the same SQL as sqlx wants it.
pub(crate) fn write_sqlx(dir: &Path, count: usize) -> Result<()> {
    fs::create_dir_all(dir)?;
    for number in 0..count {
        fs::write(
            dir.join(format!("{:04}_create_t{number:04}.sql", number + 1)),
            up(number),
        )?;
    }
    Ok(())
}
