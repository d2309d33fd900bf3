//! What commands work on, each loaded when it is first needed.

mod database;

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use jiff::Timestamp;
use migrate_core::{Chain, Code, Config, Diagnostic, Folder, RevisionId, Survey};

use crate::database::local_servers::LocalServers;
use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::json::OneRevision;
use crate::output::left_out::LeftOut;
use crate::output::next_command::Selection;
use crate::output::phrase::counted;
use crate::output::ui::Ui;
use crate::project::dotenv::Dotenv;
use crate::project::git::Repository;
use crate::project::package::PackageRoot;
use crate::project::sealed_text::{Committed, name_undo};

/// The package, its configuration and its chain.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) args: Selection,
    /// Where the command was started, or what `-C` says.
    pub(crate) start: PathBuf,
    package: OnceCell<PackageRoot>,
    config: OnceCell<Config>,
    folder: OnceCell<Folder>,
    survey: OnceCell<Survey>,
    dotenv: OnceCell<Dotenv>,
    /// The servers that `scratch-url = "local"` has started.
    pub(crate) local_servers: Rc<LocalServers>,
    /// What replays in scratch databases left out.
    pub(crate) left_out: Arc<LeftOut>,
}

/// What a broken chain may still be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Require {
    /// Several heads are left to the target to refuse, several bases are not allowed.
    OneEnd,
    /// Several heads or bases are fine.
    AnyEnds,
    /// The graph must hold together; lock, SQL and rules do not matter.
    Graph,
}

impl Require {
    /// Returns true if a problem is in the way.
    pub(crate) fn blocks(self, found: &Diagnostic) -> bool {
        found.is_error() && !self.accepts(found.code)
    }

    /// Returns true if a problem of this kind is not in the way.
    pub(crate) const fn accepts(self, code: Code) -> bool {
        match self {
            Self::OneEnd => matches!(code, Code::MultipleHeads),
            Self::AnyEnds => matches!(code, Code::MultipleHeads | Code::MultipleBases),
            Self::Graph => !code.breaks_graph(),
        }
    }
}

impl Context {
    pub(crate) fn new(args: Selection, left_out: Arc<LeftOut>) -> Result<Self, CommandError> {
        if let Some(directory) = &args.directory {
            std::env::set_current_dir(directory).map_err(|error| {
                CommandError::usage(format!("`{}` cannot be entered", directory.display()))
                    .because(error)
            })?;
        }
        Ok(Self {
            start: std::env::current_dir()?,
            args,
            local_servers: Rc::default(),
            left_out,
            package: OnceCell::new(),
            config: OnceCell::new(),
            folder: OnceCell::new(),
            survey: OnceCell::new(),
            dotenv: OnceCell::new(),
        })
    }

    /// The same, with nothing read of the files yet: for what was written meanwhile.
    pub(crate) fn reloaded(&self) -> Self {
        Self {
            start: self.start.clone(),
            args: self.args.clone(),
            local_servers: Rc::clone(&self.local_servers),
            left_out: Arc::clone(&self.left_out),
            package: self.package.clone(),
            config: OnceCell::new(),
            folder: OnceCell::new(),
            survey: OnceCell::new(),
            dotenv: OnceCell::new(),
        }
    }

    /// Returns the folder of the package.
    pub(crate) fn root(&self) -> Result<&Path, CommandError> {
        let find = || PackageRoot::find(&self.start, self.args.package.as_deref());
        let root = &once(&self.package, find)?.root;
        let directory = self.args.directory.as_deref();
        self.args.place.found(root, &self.start, directory);
        Ok(root)
    }

    /// Returns the configuration in migrate.toml.
    pub(crate) fn config(&self) -> Result<&Config, CommandError> {
        once(&self.config, || {
            let config = Config::read(self.root()?).map_err(CommandError::diagnostics)?;
            self.left_out.set_folder(&config.dir);
            Ok(config)
        })
    }

    /// Returns where the revision files are.
    pub(crate) fn dir(&self) -> Result<PathBuf, CommandError> {
        Ok(self.root()?.join(&self.config()?.dir))
    }

    /// Returns the files as they are.
    pub(crate) fn folder(&self) -> Result<&Folder, CommandError> {
        once(&self.folder, || {
            let dir = self.dir()?;
            let shown = &self.config()?.dir;
            Folder::read(&dir, shown)
                .map(Folder::leak)
                .map_err(|error| {
                    let dir = self.shown(&dir);
                    if error.kind() == std::io::ErrorKind::NotFound {
                        return CommandError::new(
                            Failure::NoMigrations,
                            format!("there is no migrations folder `{dir}`"),
                        )
                        .help("create it with `cargo migrate init`");
                    }
                    CommandError::new(
                        Failure::NoMigrations,
                        format!("the migrations folder `{dir}` cannot be read"),
                    )
                    .because(error)
                })
        })
    }

    /// Returns the chain with all that is wrong with it.
    pub(crate) fn survey(&self) -> Result<&Survey, CommandError> {
        once(&self.survey, || {
            let mut survey = Survey::new(self.folder()?, self.config()?);
            self.name_undo(&mut survey)?;
            Ok(survey)
        })
    }

    /// Git cannot undo an edit of a text that it does not have: then no help suggests it.
    fn name_undo(&self, survey: &mut Survey) -> Result<(), CommandError> {
        let is_changed = |found: &Diagnostic| found.code == Code::LockChanged;
        if !survey.diagnostics.iter().any(is_changed) {
            return Ok(());
        }
        let repository = Repository::find(self.root()?);
        // If git does not answer, it cannot undo anything either.
        let folder = repository.and_then(|repository| repository.committed().ok().flatten());
        let config = self.config()?;
        let committed = folder.map(|folder| Committed {
            survey: Survey::new(&folder, config),
            folder,
        });
        let mut found = std::mem::take(&mut survey.diagnostics);
        name_undo(&mut found, survey, committed.as_ref());
        survey.diagnostics = found;
        Ok(())
    }

    /// Returns the survey, or what is in the way of a command that demands this much.
    pub(crate) fn require(&self, require: Require) -> Result<&Survey, CommandError> {
        let survey = self.survey()?;
        let in_the_way: Vec<_> = survey
            .diagnostics
            .iter()
            .filter(|found| require.blocks(found))
            .cloned()
            .collect();
        match in_the_way.is_empty() {
            true => Ok(survey),
            false => Err(CommandError::diagnostics(in_the_way)),
        }
    }

    /// Returns the chain that a command demands, or what is in its way.
    pub(crate) fn chain(&self, require: Require) -> Result<Chain, CommandError> {
        let survey = self.require(require)?;
        survey
            .chain(|code| require.accepts(code))
            .map_err(CommandError::diagnostics)
    }

    /// Describes a revision for `--format json`.
    pub(crate) fn one_revision<'a>(
        &self,
        survey: &'a Survey,
        index: usize,
    ) -> Result<OneRevision<'a>, CommandError> {
        let revision = &survey.revisions[index];
        let file = self.folder()?.shown_file(&revision.file);
        Ok(OneRevision::new(revision, &survey.graph, index, file))
    }

    /// Returns the chain, however broken it is, and writes to stderr what keeps it from being drawn
    /// correctly.
    pub(crate) fn any_survey(&self, ui: &Ui) -> Result<&Survey, CommandError> {
        let survey = self.survey()?;
        let errors: Vec<_> = survey
            .diagnostics
            .iter()
            .filter(|found| Require::Graph.blocks(found))
            .collect();
        for found in errors.iter().take(8) {
            let file = found
                .labels
                .first()
                .map(|label| format!("{}: ", label.file))
                .unwrap_or_default();
            ui.warning(format_args!("{file}{} [{}]", found.message, found.code));
        }
        if errors.len() > 8 {
            ui.warning(format_args!(
                "and {} more",
                counted(errors.len() - 8, "error")
            ));
        }
        if !errors.is_empty() {
            ui.help("`cargo migrate check` shows where, and how to fix it");
        }
        Ok(survey)
    }

    /// Returns where a path that was typed here is.
    pub(crate) fn path(&self, typed: &str) -> PathBuf {
        self.start.join(typed)
    }

    /// Returns a path as it can be typed from here.
    pub(crate) fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.start)
            .unwrap_or(path)
            .display()
            .to_string()
    }

    /// Returns a variable of the process or, if it has none, of `.env`, which is looked for in
    /// the package and above. The process's own variables stay as they are.
    pub(crate) fn variable(&self, name: &str) -> Result<Option<String>, CommandError> {
        if let Ok(value) = std::env::var(name) {
            return Ok(Some(value));
        }
        Ok(self.dotenv()?.get(name)?.map(str::to_owned))
    }

    /// Returns the `.env` of the package, or of a folder above it.
    pub(crate) fn dotenv(&self) -> Result<&Dotenv, CommandError> {
        once(&self.dotenv, || Dotenv::above(self.root()?))
    }
}

fn once<T>(
    cell: &OnceCell<T>,
    load: impl FnOnce() -> Result<T, CommandError>,
) -> Result<&T, CommandError> {
    if cell.get().is_none() {
        let loaded = load()?;
        return Ok(cell.get_or_init(|| loaded));
    }
    Ok(cell.get().expect("filled above"))
}

/// Returns the time; tests fix it.
pub(crate) fn now() -> Timestamp {
    std::env::var("CARGO_MIGRATE_TEST_NOW")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(Timestamp::now)
}

/// Makes an id of 12 random hex digits that no revision has; tests make it follow from a seed.
pub(crate) fn new_id(taken: impl Fn(&str) -> bool) -> Result<RevisionId, CommandError> {
    let mut seed: Option<u64> = std::env::var("CARGO_MIGRATE_TEST_SEED")
        .ok()
        .and_then(|text| text.parse().ok());
    loop {
        let mut bytes = [0_u8; 8];
        match &mut seed {
            Some(seed) => {
                bytes = split_mix(*seed).to_le_bytes();
                *seed = seed.wrapping_add(1);
            }
            None => getrandom::fill(&mut bytes).map_err(|error| {
                CommandError::new(
                    Failure::NoRandomness,
                    "the system provides no random numbers",
                )
                .cause(error)
            })?,
        }
        let id = format!("{:012x}", u64::from_le_bytes(bytes) >> 16);
        if !taken(&id) {
            return Ok(id.parse().expect("hex digits are an id"));
        }
    }
}

/// The mixing function of SplitMix64.
const fn split_mix(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
