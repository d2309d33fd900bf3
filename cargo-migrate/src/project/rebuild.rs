//! Lets cargo compile an application again for a file that was not there before.
//!
//! The macros name what they read, but cannot name what is not there: cargo would compile for ever.
//! chain.lock is always there, and so its time tells for the others.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::SystemTime;

use migrate_core::{ChainLock, Config};
use migrate_schema::lock::SchemaLock;

use crate::output::ui::Ui;
use crate::project::context::Context;

/// Makes chain.lock no older than the files that may have appeared since an application was
/// compiled. What it says stays.
pub(crate) fn announce(context: &Context, ui: &Ui) {
    // A project that has none of it, or is broken, has nothing to announce.
    let (Ok(root), Ok(dir)) = (context.root(), context.dir()) else {
        return;
    };
    let lock = dir.join(ChainLock::FILE);
    let files = [root.join(Config::FILE), dir.join(SchemaLock::FILE)];
    match refresh(&lock, &files) {
        Ok(()) => {}
        // Nobody compiles where nothing can be written.
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::NotFound | ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem
            ) => {}
        Err(error) => ui.warning(format_args!(
            "`{}` keeps its time, so cargo may not compile the application again: {error}",
            context.shown(&lock)
        )),
    }
}

fn refresh(lock: &Path, files: &[impl AsRef<Path>]) -> io::Result<()> {
    let written = fs::metadata(lock)?.modified()?;
    let newer = |file: &Path| {
        let time = fs::metadata(file).and_then(|it| it.modified());
        time.is_ok_and(|time| time > written)
    };
    if files.iter().any(|file| newer(file.as_ref())) {
        let file = File::options().append(true).open(lock)?;
        file.set_modified(SystemTime::now())?;
    }
    Ok(())
}
