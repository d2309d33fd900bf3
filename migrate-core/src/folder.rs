//! The migrations folder: the only place in this crate that opens a file.

use std::borrow::Cow;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::shell::shell_word;
use crate::{ChainLock, Code, Config, Diagnostic, Label};

/// The files of a migrations folder, read but not yet understood.
#[derive(Clone, Debug, Default)]
pub struct Folder {
    /// The folder as shown to people, relative to the package, with `/` between its parts.
    pub shown: String,
    /// The revision files, sorted by name.
    pub files: Vec<File>,
    /// The text of chain.lock, if there is one.
    pub lock: Option<String>,
    /// The text of schema.lock, if there is one that can be read.
    pub schema_lock: Option<String>,
    /// The names of revision files that could not be read.
    pub unread: Vec<String>,
    /// Why they could not.
    pub diagnostics: Vec<Diagnostic>,
}

/// A file of the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name in the folder.
    pub name: String,
    /// All of it.
    pub text: Cow<'static, str>,
}

/// A file of a folder as shown to people.
pub(crate) fn shown_in(folder: &str, name: &str) -> String {
    match folder {
        "" | "." => name.to_owned(),
        folder => format!("{}/{name}", folder.trim_end_matches('/')),
    }
}

impl Folder {
    /// Leaves the texts in the process's memory for good, so that the revisions made of them need
    /// no copy: for a command, which ends soon.
    #[must_use]
    pub fn leak(mut self) -> Self {
        for file in &mut self.files {
            let text = std::mem::take(&mut file.text).into_owned();
            file.text = Cow::Borrowed(Box::leak(text.into_boxed_str()));
        }
        self
    }

    /// The name of the schema at the chain's head, beside the chain's own lock.
    pub const SCHEMA_LOCK: &str = "schema.lock";

    /// A revision file is at most this large, in bytes: what is larger is data, not a schema.
    pub const MAX_FILE: u64 = 16 * 1024 * 1024;

    /// Reads the folder `dir`: every `*.sql` in it, chain.lock and schema.lock, but no folder below it.
    ///
    /// A file that cannot be read is a diagnostic and does not keep the others from being read.
    /// `shown` is how messages name the folder.
    ///
    /// # Errors
    ///
    /// The folder itself cannot be listed.
    pub fn read(dir: &Path, shown: &str) -> io::Result<Self> {
        let mut folder = Self {
            shown: shown.to_owned(),
            ..Self::default()
        };
        let mut paths: Vec<PathBuf> = fs::read_dir(dir)?
            .map(|entry| Ok(entry?.path()))
            .collect::<io::Result<_>>()?;
        paths.sort_unstable();
        for path in paths {
            let is_sql = path
                .extension()
                .is_some_and(|extension| extension.eq_ignore_ascii_case("sql"));
            if !is_sql {
                continue;
            }
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            match read_text(&path, Self::MAX_FILE) {
                Ok(text) => folder.files.push(File {
                    name,
                    text: Cow::Owned(text),
                }),
                Err(why) => {
                    folder.unreadable(&name, &why);
                    folder.unread.push(name);
                }
            }
        }
        match read_text(&dir.join(ChainLock::FILE), u64::MAX) {
            Ok(text) => folder.lock = Some(text),
            Err(Unreadable { missing: true, .. }) => {}
            Err(why) => folder.unreadable(ChainLock::FILE, &why),
        }
        // Where it cannot be read, the chain is none the worse for it: who needs it says so.
        folder.schema_lock = Self::read_schema_lock(dir, Self::SCHEMA_LOCK)
            .ok()
            .flatten();
        Ok(folder)
    }

    /// Returns a file's name as shown to people.
    #[must_use]
    pub fn shown_file(&self, name: &str) -> String {
        shown_in(&self.shown, name)
    }

    /// Reads the text of the schema.lock in the migrations folder `dir`, which messages call
    /// `shown`; `None` where there is none yet.
    ///
    /// # Errors
    ///
    /// It is there and cannot be read.
    pub fn read_schema_lock(dir: &Path, shown: &str) -> Result<Option<String>, Box<Diagnostic>> {
        match read_text(&dir.join(Self::SCHEMA_LOCK), u64::MAX) {
            Ok(text) => Ok(Some(text)),
            Err(Unreadable { missing: true, .. }) => Ok(None),
            Err(why) => Err(Box::new(unreadable(shown, &why))),
        }
    }

    fn unreadable(&mut self, name: &str, why: &Unreadable) {
        let file = self.shown_file(name);
        self.diagnostics.push(unreadable(&file, why));
    }
}

impl Config {
    /// Reads the migrate.toml in `package`, or gives the defaults where there is none.
    ///
    /// # Errors
    ///
    /// Everything wrong with it.
    pub fn read(package: &Path) -> Result<Self, Vec<Diagnostic>> {
        match read_text(&package.join(Self::FILE), Folder::MAX_FILE) {
            Ok(text) => Self::parse(Self::FILE, &text),
            Err(Unreadable { missing: true, .. }) => Ok(Self::default()),
            Err(why) => Err(vec![unreadable(Self::FILE, &why)]),
        }
    }
}

/// Why a file has no text.
struct Unreadable {
    missing: bool,
    why: String,
    help: Option<&'static str>,
}

fn unreadable(file: &str, unreadable: &Unreadable) -> Diagnostic {
    let mut diagnostic = Diagnostic::error(
        Code::UnreadableFile,
        format!("`{file}` cannot be read: {}", unreadable.why),
    )
    .label(Label::file(file));
    let help = unreadable.help;
    diagnostic.help = help.map(|help| help.replace("<file>", &shell_word(file)));
    diagnostic
}

fn read_text(path: &Path, most: u64) -> Result<String, Unreadable> {
    let failed = |error: io::Error| Unreadable {
        missing: error.kind() == io::ErrorKind::NotFound && path.symlink_metadata().is_err(),
        why: match error.kind() {
            io::ErrorKind::NotFound => "it is a link to nothing".to_owned(),
            io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
            _ => error.to_string(),
        },
        help: match error.kind() {
            io::ErrorKind::PermissionDenied => {
                Some("give yourself the right to read it: `chmod u+r`")
            }
            _ => None,
        },
    };
    let refused = |why: String, help| Unreadable {
        missing: false,
        why,
        help: Some(help),
    };
    let metadata = fs::metadata(path).map_err(failed)?;
    if metadata.is_dir() {
        return Err(refused(
            "it is a folder".to_owned(),
            "a revision is a file; rename the folder so that it does not end in `.sql`",
        ));
    }
    if !metadata.is_file() {
        return Err(refused(
            "it is neither a file nor a link to one".to_owned(),
            "remove it from the migrations folder",
        ));
    }
    if metadata.len() > most {
        let size = metadata.len() / (1024 * 1024);
        return Err(refused(
            format!(
                "it has {size} MiB, and a revision has at most {} MiB",
                most / (1024 * 1024)
            ),
            "load data from the application or with the database's own client, not in a revision",
        ));
    }
    let bytes = fs::read(path).map_err(failed)?;
    String::from_utf8(bytes).map_err(|error| {
        // What Windows calls Unicode begins with its mark.
        if let [0xff, 0xfe, ..] | [0xfe, 0xff, ..] = error.as_bytes() {
            return refused(
                "it is UTF-16, not UTF-8".to_owned(),
                "save it as UTF-8 in your editor, or with `iconv -f UTF-16 -t UTF-8 <file> > <file>.tmp && mv <file>.tmp <file>`",
            );
        }
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
            + 1;
        refused(
            format!("it is not UTF-8 (line {line})"),
            "save it as UTF-8 in your editor; where it is Latin-1, with `iconv -f LATIN1 -t UTF-8 <file> > <file>.tmp && mv <file>.tmp <file>`",
        )
    })
}
