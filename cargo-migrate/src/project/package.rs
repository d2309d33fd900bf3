//! Finds the package whose migrations are used.

use std::path::{Path, PathBuf};

use cargo_metadata::{Metadata, MetadataCommand, Package};
use migrate_core::Config;

use crate::output::error::CommandError;
use crate::output::failure::Failure;

/// A folder that may hold migrate.toml and migrations/.
#[derive(Clone, Debug)]
pub(crate) struct PackageRoot {
    /// Where it is.
    pub(crate) root: PathBuf,
}

impl PackageRoot {
    /// Finds the package of `-p`, or the one `start` is in.
    ///
    /// A folder with a migrate.toml or a migrations/ is one, with or without a Cargo.toml, and is
    /// found without asking cargo.
    pub(crate) fn find(start: &Path, name: Option<&str>) -> Result<Self, CommandError> {
        if let Some(name) = name {
            let metadata = metadata(start)?;
            return named(&metadata, name);
        }
        for folder in start.ancestors() {
            if has_migrations(folder) {
                return Ok(Self::at(folder));
            }
            if folder.join("Cargo.toml").is_file() {
                let metadata = metadata(folder)?;
                return nearest(&metadata, folder);
            }
        }
        Err(CommandError::new(
            Failure::NoPackage,
            format!(
                "there is neither a Cargo.toml nor a {} nor a migrations folder in `{}` or above it",
                Config::FILE,
                start.display()
            ),
        )
        .help("change to your package, name it with `-C <dir>`, or start here with `cargo migrate init`"))
    }

    fn at(folder: &Path) -> Self {
        Self {
            root: folder.to_owned(),
        }
    }
}

fn has_migrations(folder: &Path) -> bool {
    folder.join(Config::FILE).is_file() || folder.join("migrations").is_dir()
}

fn metadata(folder: &Path) -> Result<Metadata, CommandError> {
    MetadataCommand::new()
        .current_dir(folder)
        .no_deps()
        .exec()
        .map_err(|error| match error {
            cargo_metadata::Error::CargoMetadata { stderr } => {
                CommandError::new(Failure::CargoMetadata, "cargo cannot read this package")
                    .cause(stderr.trim().trim_start_matches("error: "))
            }
            other => CommandError::new(
                Failure::CargoMetadata,
                "cargo cannot be asked for the package",
            )
            .because(other),
        })
}

/// Returns the library and the programs of a package, each by the name that Rust knows it by, with
/// its first file.
pub(crate) fn targets(root: &Path) -> Result<Vec<(String, PathBuf)>, CommandError> {
    let metadata = metadata(root)?;
    let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let here = |package: &&Package| self::root(package).canonicalize().ok().as_ref() == Some(&root);
    let Some(package) = members(&metadata).into_iter().find(here) else {
        return Ok(Vec::new());
    };
    let built = package.targets.iter().filter(|target| {
        target.is_lib() || target.is_bin() || target.is_cdylib() || target.is_rlib()
    });
    Ok(built
        .map(|target| {
            (
                target.name.replace('-', "_"),
                target.src_path.clone().into_std_path_buf(),
            )
        })
        .collect())
}

fn root(package: &Package) -> PathBuf {
    let manifest = package.manifest_path.as_std_path();
    manifest.parent().unwrap_or(manifest).to_owned()
}

fn members(metadata: &Metadata) -> Vec<&Package> {
    metadata.workspace_packages()
}

fn with_migrations(metadata: &Metadata) -> Vec<&Package> {
    let mut packages = members(metadata);
    packages.retain(|package| has_migrations(&root(package)));
    packages.sort_by(|a, b| a.name.cmp(&b.name));
    packages
}

fn named(metadata: &Metadata, name: &str) -> Result<PackageRoot, CommandError> {
    let packages = members(metadata);
    if let Some(package) = packages
        .iter()
        .find(|package| package.name.as_str() == name)
    {
        return Ok(PackageRoot {
            root: root(package),
        });
    }
    let mut names: Vec<_> = packages
        .iter()
        .map(|package| package.name.to_string())
        .collect();
    names.sort();
    let message = format!("the workspace has no package `{name}`");
    Err(CommandError::usage(message)
        .help(format!("expected one of `{}`", names.join("`, `")))
        .candidates(names))
}

/// The package of this Cargo.toml; in a workspace's root the only one that has migrations.
fn nearest(metadata: &Metadata, folder: &Path) -> Result<PackageRoot, CommandError> {
    let here = |package: &&Package| {
        let root = root(package);
        root == folder || root.canonicalize().ok() == folder.canonicalize().ok()
    };
    let own = members(metadata).into_iter().find(here);
    let with = with_migrations(metadata);
    match (own, &with[..]) {
        (Some(_), []) => Ok(PackageRoot::at(folder)),
        (Some(_), _) if metadata.workspace_root.as_std_path() != folder => {
            Ok(PackageRoot::at(folder))
        }
        (_, [only]) => Ok(PackageRoot { root: root(only) }),
        (None, []) => {
            let names: Vec<_> = members(metadata)
                .iter()
                .map(|package| package.name.to_string())
                .collect();
            Err(
                CommandError::usage("no package of this workspace has migrations")
                    .help("name one: `cargo migrate -p <package> init`")
                    .candidates(names),
            )
        }
        (_, several) => {
            let names: Vec<_> = several
                .iter()
                .map(|package| package.name.to_string())
                .collect();
            Err(CommandError::usage(format!(
                "several packages of this workspace have migrations: `{}`",
                names.join("`, `")
            ))
            .help(format!("name one, such as `-p {}`", names[0]))
            .candidates(names))
        }
    }
}
