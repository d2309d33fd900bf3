//! migrate.toml: the migrations folder, the rules, and the databases.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{MOST_PROBLEMS, suggestion};
use crate::id::printable;
use crate::limits::DURATIONS;
use crate::{
    Code, Diagnostic, Dialect, Dialects, Label, Limits, SessionSettings, Severity, parse_duration,
};

/// The settings of migrate.toml; each has a default.
///
/// ```
/// use migrate_core::Config;
///
/// let config = Config::parse("migrate.toml", "dialects = [\"sqlite\"]\n[env.dev]\nurl = \"sqlite://dev.db\"")
///     .expect("a sound configuration");
/// assert_eq!(config.dir, "migrations");
/// assert_eq!(config.env("dev").and_then(|env| env.url.as_deref()), Some("sqlite://dev.db"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The migrations folder, relative to the package.
    pub dir: String,
    /// The dialects that every revision must serve; empty if none are configured.
    pub dialects: Dialects,
    /// Whether `dialects` is set explicitly, so that URLs of other databases are refused.
    pub lists_dialects: bool,
    /// The template for the names of new files, with `{created}`, `{id}` and `{slug}`.
    pub file_name: String,
    /// The environment used if none is named.
    pub default_env: String,
    /// The severity of each rule.
    pub rules: Rules,
    /// The location of the ledger.
    pub ledger: LedgerNames,
    /// The session settings for environments that set none: `[session]`.
    pub session: SessionSettings,
    /// Tables and views that `verify` ignores, as patterns with `*` and `?`: `ignore` below
    /// `[verify]`.
    pub ignored: Vec<String>,
    /// Whether `verify` also compares with the models: `models` below `[verify]`.
    pub verify_models: bool,
    /// Whether the compiler compares the models with the chain: `[models] check`.
    pub check_models: bool,
    /// SQLite extensions that are loaded into each connection: `extensions` below `[sqlite]`.
    pub extensions: Vec<String>,
    /// The databases, by name.
    pub envs: Vec<Env>,
}

/// A database and its settings: `[env.<name>]`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Env {
    /// The name.
    pub name: String,
    /// The URL, in which `${NAME}` is replaced by an environment variable.
    pub url: Option<String>,
    /// The URL of a server for scratch databases, if they are not created beside the real one.
    pub scratch_url: Option<String>,
    /// Refuses what loses data and asks before the rest.
    pub protected: bool,
    /// Creates a backup before every run.
    pub backup: bool,
    /// The time limits of statements: `lock-timeout` and `statement-timeout`.
    pub limits: Limits,
    /// How often a revision that failed to get a lock is retried; `None` leaves it to the runtime.
    pub lock_retries: Option<u32>,
    /// The session settings: `sql-mode` and `time-zone`.
    pub session: SessionSettings,
    /// Replaces the project's `extensions` if set: `[env.<name>.sqlite]`.
    pub extensions: Option<Vec<String>>,
}

impl fmt::Debug for Env {
    /// Omits the URL, which may contain a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Env")
            .field("name", &self.name)
            .field("protected", &self.protected)
            .field("backup", &self.backup)
            .finish_non_exhaustive()
    }
}

/// The names of the ledger's tables: `[ledger]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerNames {
    /// The prefix of the tables' names.
    pub prefix: Cow<'static, str>,
    /// The schema (on MySQL the database) of the tables; `None` is that of the connection.
    pub schema: Option<Cow<'static, str>>,
}

impl LedgerNames {
    /// The default prefix.
    pub const DEFAULT_PREFIX: &'static str = "migrate_";

    /// The default names.
    pub const DEFAULT: Self = Self {
        prefix: Cow::Borrowed(Self::DEFAULT_PREFIX),
        schema: None,
    };

    /// Returns the names for a scratch database. A schema of MySQL is a database of the whole
    /// server, so a named one would be the real ledger.
    #[must_use]
    pub fn apart(&self, dialect: Dialect) -> Self {
        match dialect {
            Dialect::MySql => Self {
                prefix: self.prefix.clone(),
                schema: None,
            },
            Dialect::Sqlite | Dialect::Postgres => self.clone(),
        }
    }
}

impl Default for LedgerNames {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// How strict a rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// A breach is an error.
    Deny,
    /// A breach is a warning.
    Warn,
    /// A breach is not reported.
    Allow,
}

impl Level {
    /// Returns the severity of a breach, or `None` if it is not reported.
    #[must_use]
    pub const fn severity(self) -> Option<Severity> {
        match self {
            Self::Deny => Some(Severity::Error),
            Self::Warn => Some(Severity::Warning),
            Self::Allow => None,
        }
    }
}

/// The number of heads that a chain may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadsRule {
    /// One head; more are reported at this level.
    One(Level),
    /// One head for each labelled branch.
    Labelled,
}

/// The level of each rule: `[rules]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The chain has several heads.
    pub multiple_heads: HeadsRule,
    /// The chain has several bases.
    pub multiple_bases: Level,
    /// A revision cannot be reverted and gives no reason.
    pub missing_down: Level,
    /// A merge has a parent that another of its parents implies.
    pub redundant_parent: Level,
    /// A revision does nothing. `None` is the default: an error, and a warning for a draft.
    pub empty_up: Option<Level>,
    /// A revision has no `up` for a configured dialect.
    pub missing_dialect: Level,
    /// BEGIN, COMMIT and the like in a section that runs in a transaction of its own.
    pub transaction_control: Level,
    /// A statement that the database refuses inside a transaction.
    pub needs_no_transaction: Level,
    /// A statement that acts outside its database: reported by `check`.
    pub reaches_out: Level,
    /// A published revision is edited: `check --since`.
    pub published_changed: Level,
    /// A published revision is deleted: `check --since`.
    pub published_deleted: Level,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            multiple_heads: HeadsRule::One(Level::Deny),
            multiple_bases: Level::Deny,
            missing_down: Level::Warn,
            redundant_parent: Level::Deny,
            empty_up: None,
            missing_dialect: Level::Deny,
            transaction_control: Level::Deny,
            needs_no_transaction: Level::Deny,
            reaches_out: Level::Warn,
            published_changed: Level::Deny,
            published_deleted: Level::Deny,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            dir: "migrations".to_owned(),
            dialects: Dialects::NONE,
            lists_dialects: false,
            file_name: "{created}_{id}_{slug}".to_owned(),
            default_env: "dev".to_owned(),
            rules: Rules::default(),
            ledger: LedgerNames::DEFAULT,
            session: SessionSettings::NONE,
            ignored: Vec::new(),
            verify_models: false,
            check_models: true,
            extensions: Vec::new(),
            envs: Vec::new(),
        }
    }
}

impl Config {
    /// The name of the file beside the package's Cargo.toml.
    pub const FILE: &'static str = "migrate.toml";

    /// Returns the environment of this name.
    #[must_use]
    pub fn env(&self, name: &str) -> Option<&Env> {
        self.envs.iter().find(|env| env.name == name)
    }

    /// Returns the session settings of an environment.
    #[must_use]
    pub fn session_of(&self, env: Option<&Env>) -> SessionSettings {
        let own = env.map(|env| env.session.clone()).unwrap_or_default();
        own.or(&self.session)
    }

    /// Reads a migrate.toml; `file` is the name shown in messages.
    ///
    /// # Errors
    ///
    /// Everything wrong with it, each a [`Code::MalformedConfig`].
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Diagnostic>> {
        let mut reader = Reader {
            file,
            text,
            diagnostics: Vec::new(),
        };
        let mut config = Self::default();
        match DeTable::parse(text.strip_prefix('\u{feff}').unwrap_or(text)) {
            Ok(table) => reader.config(table.get_ref(), &mut config),
            Err(error) => {
                let span = error.span().unwrap_or(0..0);
                let message = error.message().lines().next().unwrap_or("syntax error");
                reader.problem(&span, format!("invalid TOML: {message}"), None);
            }
        }
        if reader.diagnostics.is_empty() {
            Ok(config)
        } else {
            Err(reader.diagnostics)
        }
    }
}

/// Walks the table and records all problems, so that they are reported together.
struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    diagnostics: Vec<Diagnostic>,
}

/// Returns whether a line may contain a URL or a password, so that it is not shown.
fn may_be_secret(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    ["//", "@", "?", "pass", "pwd", "secret", "token"]
        .iter()
        .any(|sign| line.contains(sign))
}

type Entry<'a> = Spanned<DeValue<'a>>;

impl Reader<'_> {
    fn problem(&mut self, span: &Range<usize>, message: impl Into<String>, help: Option<String>) {
        let shift = if self.text.starts_with('\u{feff}') {
            3
        } else {
            0
        };
        if self.diagnostics.len() >= MOST_PROBLEMS {
            return;
        }
        let span = span.start + shift..span.end + shift;
        let mut label = Label::at(self.file, self.text, span, "");
        if let Some(place) = &mut label.place {
            place.source = place.source.take().filter(|line| !may_be_secret(line));
        }
        let mut diagnostic = Diagnostic::error(Code::MalformedConfig, message).label(label);
        diagnostic.help = help;
        self.diagnostics.push(diagnostic);
    }

    fn unknown(&mut self, span: &Range<usize>, what: &str, word: &str, known: &[&str]) {
        let message = match may_be_secret(word) {
            true => format!("unknown {what}"),
            false => format!("unknown {what} `{}`", printable(word)),
        };
        self.problem(span, message, Some(suggestion(word, known)));
    }

    fn config(&mut self, table: &DeTable<'_>, config: &mut Config) {
        const KEYS: [&str; 11] = [
            "dir",
            "dialects",
            "file-name",
            "default-env",
            "rules",
            "ledger",
            "session",
            "verify",
            "models",
            "sqlite",
            "env",
        ];
        let mut dialects = None;
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "dir" => self.string(value, &mut config.dir),
                "dialects" => dialects = Some(self.dialects(value)),
                "file-name" => self.file_name(value, &mut config.file_name),
                "default-env" => self.string(value, &mut config.default_env),
                "rules" => self.rules(value, &mut config.rules),
                "ledger" => self.ledger(value, &mut config.ledger),
                "session" => self.session(value, &mut config.session),
                "verify" => self.verify(value, config),
                "models" => self.models(value, config),
                "sqlite" => config.extensions = self.sqlite(value),
                "env" => self.envs(value, &mut config.envs),
                other => self.unknown(&key.span(), "key", other, &KEYS),
            }
        }
        config.lists_dialects = dialects.is_some();
        config.dialects = dialects.unwrap_or_else(|| {
            let urls = config.envs.iter().filter_map(|env| env.url.as_deref());
            urls.filter_map(Dialect::from_url).collect()
        });
    }

    fn table<'t, 'd>(&mut self, value: &'t Entry<'d>) -> Option<&'t DeTable<'d>> {
        match value.get_ref() {
            DeValue::Table(table) => Some(table),
            _ => {
                self.problem(&value.span(), "expected a table", None);
                None
            }
        }
    }

    fn text<'t>(&mut self, value: &'t Entry<'_>) -> Option<&'t str> {
        match value.get_ref() {
            DeValue::String(text) => Some(text),
            _ => {
                self.problem(&value.span(), "expected a string", None);
                None
            }
        }
    }

    fn string(&mut self, value: &Entry<'_>, into: &mut String) {
        if let Some(text) = self.text(value) {
            if text.is_empty() {
                self.problem(&value.span(), "expected a non-empty string", None);
            } else {
                text.clone_into(into);
            }
        }
    }

    fn boolean(&mut self, value: &Entry<'_>, into: &mut bool) {
        match value.get_ref() {
            DeValue::Boolean(boolean) => *into = *boolean,
            _ => self.problem(&value.span(), "expected `true` or `false`", None),
        }
    }

    fn duration(&mut self, value: &Entry<'_>) -> Option<Duration> {
        let text = self.text(value)?;
        let duration = parse_duration(text);
        if duration.is_none() {
            let help = DURATIONS.to_owned();
            self.problem(&value.span(), "invalid duration", Some(help));
        }
        duration
    }

    fn count(&mut self, value: &Entry<'_>) -> Option<u32> {
        let count = match value.get_ref() {
            DeValue::Integer(number) => number.as_str().parse().ok(),
            _ => None,
        };
        if count.is_none() {
            self.problem(&value.span(), "expected an integer", None);
        }
        count
    }

    fn dialects(&mut self, value: &Entry<'_>) -> Dialects {
        let DeValue::Array(words) = value.get_ref() else {
            let help = "for example `dialects = [\"sqlite\", \"mysql\"]`".to_owned();
            self.problem(&value.span(), "expected an array", Some(help));
            return Dialects::NONE;
        };
        let mut dialects = Dialects::NONE;
        for word in words {
            let Some(text) = self.text(word) else {
                continue;
            };
            match text.parse() {
                Ok(dialect) => dialects = dialects.with(dialect),
                Err(_) => {
                    let known = Dialect::ALL.map(Dialect::as_str);
                    self.unknown(&word.span(), "dialect", text, &known);
                }
            }
        }
        dialects
    }

    fn file_name(&mut self, value: &Entry<'_>, into: &mut String) {
        let Some(text) = self.text(value) else {
            return;
        };
        let left = ["{created}", "{id}", "{slug}"]
            .iter()
            .fold(text.to_owned(), |left, part| left.replace(part, ""));
        if !text.contains("{id}") {
            let help = "for example `file-name = \"{created}_{id}_{slug}\"`".to_owned();
            self.problem(&value.span(), "a file name must contain `{id}`", Some(help));
        } else if left.contains(['{', '}', '/', '\\']) {
            let help = "it may contain `{created}`, `{id}` and `{slug}`".to_owned();
            self.problem(&value.span(), "invalid file name", Some(help));
        } else {
            text.clone_into(into);
        }
    }

    fn level(&mut self, value: &Entry<'_>) -> Option<Level> {
        match self.text(value)? {
            "deny" => Some(Level::Deny),
            "warn" => Some(Level::Warn),
            "allow" => Some(Level::Allow),
            other => {
                self.unknown(&value.span(), "level", other, &["deny", "warn", "allow"]);
                None
            }
        }
    }

    fn rules(&mut self, value: &Entry<'_>, rules: &mut Rules) {
        const KEYS: [&str; 11] = [
            "multiple-heads",
            "multiple-bases",
            "missing-down",
            "redundant-parent",
            "empty-up",
            "missing-dialect",
            "transaction-control",
            "needs-no-transaction",
            "reaches-out",
            "published-changed",
            "published-deleted",
        ];
        let Some(table) = self.table(value) else {
            return;
        };
        for (key, value) in table {
            let rule = match key.get_ref().as_ref() {
                "multiple-heads" => {
                    if matches!(value.get_ref(), DeValue::String(text) if text == "labelled") {
                        rules.multiple_heads = HeadsRule::Labelled;
                    } else if let Some(level) = self.level(value) {
                        rules.multiple_heads = HeadsRule::One(level);
                    }
                    continue;
                }
                "empty-up" => {
                    rules.empty_up = self.level(value).or(rules.empty_up);
                    continue;
                }
                "multiple-bases" => &mut rules.multiple_bases,
                "missing-down" => &mut rules.missing_down,
                "redundant-parent" => &mut rules.redundant_parent,
                "missing-dialect" => &mut rules.missing_dialect,
                "transaction-control" => &mut rules.transaction_control,
                "needs-no-transaction" => &mut rules.needs_no_transaction,
                "reaches-out" => &mut rules.reaches_out,
                "published-changed" => &mut rules.published_changed,
                "published-deleted" => &mut rules.published_deleted,
                other => {
                    self.unknown(&key.span(), "rule", other, &KEYS);
                    continue;
                }
            };
            if let Some(level) = self.level(value) {
                *rule = level;
            }
        }
    }

    fn ledger(&mut self, value: &Entry<'_>, ledger: &mut LedgerNames) {
        let Some(table) = self.table(value) else {
            return;
        };
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "prefix" => {
                    if let Some(text) = self.text(value) {
                        ledger.prefix = Cow::Owned(text.to_owned());
                    }
                }
                "schema" => {
                    let mut schema = String::new();
                    self.string(value, &mut schema);
                    ledger.schema = Some(Cow::Owned(schema));
                }
                other => self.unknown(&key.span(), "`[ledger]` key", other, &["prefix", "schema"]),
            }
        }
    }

    fn session(&mut self, value: &Entry<'_>, session: &mut SessionSettings) {
        let Some(table) = self.table(value) else {
            return;
        };
        for (key, value) in table {
            match session.named(key.get_ref()) {
                Some(setting) => *setting = self.session_text(value),
                None => self.unknown(
                    &key.span(),
                    "`[session]` key",
                    key.get_ref(),
                    &SessionSettings::NAMES,
                ),
            }
        }
    }

    /// The empty text is a setting too: a `sql_mode` without any mode.
    fn session_text(&mut self, value: &Entry<'_>) -> Option<Cow<'static, str>> {
        let text = self.text(value)?;
        Some(Cow::Owned(text.to_owned()))
    }

    fn verify(&mut self, value: &Entry<'_>, config: &mut Config) {
        let Some(table) = self.table(value) else {
            return;
        };
        for (key, value) in table {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("ignore", DeValue::Array(patterns)) => {
                    let texts = patterns.iter().filter_map(|pattern| self.text(pattern));
                    config.ignored.extend(texts.map(str::to_owned));
                }
                ("models", _) => self.boolean(value, &mut config.verify_models),
                ("ignore", _) => {
                    let help = "for example `ignore = [\"legacy_*\"]`".to_owned();
                    self.problem(&value.span(), "expected an array", Some(help));
                }
                (other, _) => {
                    let known = ["ignore", "models"];
                    self.unknown(&key.span(), "`[verify]` key", other, &known);
                }
            }
        }
    }

    fn sqlite(&mut self, value: &Entry<'_>) -> Vec<String> {
        let mut extensions = Vec::new();
        for (key, value) in self.table(value).into_iter().flatten() {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("extensions", DeValue::Array(names)) => {
                    for name in names {
                        let mut extension = String::new();
                        self.string(name, &mut extension);
                        extensions.push(extension);
                    }
                }
                ("extensions", _) => {
                    let help = "for example `extensions = [\"vec0\"]`".to_owned();
                    self.problem(&value.span(), "expected an array", Some(help));
                }
                (other, _) => {
                    self.unknown(&key.span(), "`[sqlite]` key", other, &["extensions"]);
                }
            }
        }
        extensions
    }

    fn models(&mut self, value: &Entry<'_>, config: &mut Config) {
        let Some(table) = self.table(value) else {
            return;
        };
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "check" => self.boolean(value, &mut config.check_models),
                other => self.unknown(&key.span(), "`[models]` key", other, &["check"]),
            }
        }
    }

    fn envs(&mut self, value: &Entry<'_>, envs: &mut Vec<Env>) {
        const KEYS: [&str; 10] = [
            "url",
            "scratch-url",
            "protected",
            "backup",
            Limits::NAMES[0],
            Limits::NAMES[1],
            "lock-retries",
            SessionSettings::NAMES[0],
            SessionSettings::NAMES[1],
            "sqlite",
        ];
        let Some(table) = self.table(value) else {
            return;
        };
        for (name, value) in table {
            let mut env = Env {
                name: name.get_ref().clone().into_owned(),
                ..Env::default()
            };
            let Some(settings) = self.table(value) else {
                continue;
            };
            for (key, value) in settings {
                match key.get_ref().as_ref() {
                    "url" => {
                        let mut url = String::new();
                        self.string(value, &mut url);
                        env.url = Some(url);
                    }
                    "scratch-url" => {
                        let mut url = String::new();
                        self.string(value, &mut url);
                        env.scratch_url = Some(url);
                    }
                    "protected" => self.boolean(value, &mut env.protected),
                    "backup" => self.boolean(value, &mut env.backup),
                    "lock-retries" => env.lock_retries = self.count(value),
                    "sqlite" => env.extensions = Some(self.sqlite(value)),
                    name if let Some(limit) = env.limits.named(name) => {
                        *limit = self.duration(value);
                    }
                    name if let Some(setting) = env.session.named(name) => {
                        *setting = self.session_text(value);
                    }
                    other => self.unknown(&key.span(), "environment key", other, &KEYS),
                }
            }
            envs.push(env);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_has_a_default() {
        assert_eq!(Config::parse("migrate.toml", ""), Ok(Config::default()));
    }

    #[test]
    fn dialects_come_from_the_urls_where_nothing_else_is_said() {
        let text = "[env.dev]\nurl = \"sqlite://a.db\"\n[env.prod]\nurl = \"mariadb://h/a\"\n[env.x]\nurl = \"${DB}\"";
        let config = Config::parse("migrate.toml", text).unwrap();
        let expected = [Dialect::Sqlite, Dialect::MySql].into_iter().collect();
        assert_eq!(config.dialects, expected);
    }

    #[test]
    fn extensions_of_sqlite_for_the_project_and_for_an_environment() {
        let text = "[sqlite]\nextensions = [\"vec0\"]\n[env.a]\n[env.b.sqlite]\nextensions = []\n";
        let config = Config::parse("migrate.toml", text).unwrap();
        assert_eq!(config.extensions, ["vec0"]);
        let of = |name| config.env(name).unwrap().extensions.as_deref();
        assert_eq!((of("a"), of("b")), (None, Some(&[][..])));
        for wrong in [
            "extensions = \"vec0\"",
            "extensions = [1]",
            "extension = []",
        ] {
            assert!(Config::parse("migrate.toml", &format!("[sqlite]\n{wrong}\n")).is_err());
        }
    }

    #[test]
    fn labelled_heads_and_levels() {
        let text = "[rules]\nmultiple-heads = \"labelled\"\nmissing-down = \"allow\"";
        let rules = Config::parse("migrate.toml", text).unwrap().rules;
        assert_eq!(rules.multiple_heads, HeadsRule::Labelled);
        assert_eq!(rules.missing_down, Level::Allow);
    }

    #[test]
    fn an_environment_has_its_own_session() {
        let text =
            "[session]\nsql-mode = \"\"\ntime-zone = \"+00:00\"\n[env.dev]\ntime-zone = \"SYSTEM\"";
        let config = Config::parse("migrate.toml", text).unwrap();
        let session = config.session_of(config.env("dev"));
        assert_eq!(session.sql_mode.as_deref(), Some(""));
        assert_eq!(session.time_zone.as_deref(), Some("SYSTEM"));
        assert_eq!(config.session_of(None), config.session);
        assert!(Config::parse("migrate.toml", "[session]\nsql_mode = \"\"").is_err());
    }

    #[test]
    fn checking_the_models_can_be_turned_off() {
        let config = |text| Config::parse("migrate.toml", text).unwrap();
        assert!(config("[models]\n").check_models);
        assert!(!config("[models]\ncheck = false\n").check_models);
        assert!(Config::parse("migrate.toml", "[models]\nchekc = false\n").is_err());
    }

    #[test]
    fn verify_checks_the_models_if_configured() {
        let config = |text| Config::parse("migrate.toml", text).unwrap();
        assert!(!config("[verify]\nignore = [\"x\"]\n").verify_models);
        assert!(config("[verify]\nmodels = true\n").verify_models);
        assert!(Config::parse("migrate.toml", "[verify]\nmodles = true\n").is_err());
    }

    #[test]
    fn all_mistakes_are_reported_at_once() {
        let text = "dirr = \"x\"\ndialects = [\"sqlight\"]\n[rules]\nmultiple-heads = \"maybe\"\n[env.dev]\nurl = 3\n";
        let diagnostics = Config::parse("migrate.toml", text).unwrap_err();
        let rendered: String = diagnostics.iter().map(|d| format!("{d}\n")).collect();
        insta::assert_snapshot!(rendered);
    }

    #[test]
    fn no_password_is_drawn() {
        for text in [
            "[env.dev]\nurl = \"postgres://me:s3cret@h/d\" x",
            "[env.dev]\nurl = \"postgres://me:s3cret@h/d",
            "[env.dev]\nurl = postgres://me:s3cret@h/d",
            "[env.dev]\nurll = \"postgres://me:s3cret@h/d\"",
            "[env.dev]\nurl = [\"postgres://me:s3cret@h/d\"]",
            "[env.dev]\nurl = \"sqlite:dev.db?key=s3cret\" x",
            "[env]\ndev = \"postgres://me:s3cret@h/d\"",
            "[env.dev]\nurl = 1\nurl = \"postgres://me:s3cret@h/d\"",
            "[env.dev]\npassword = \"s3cret\"",
            "dialects = [\"postgres://me:s3cret@h/d\"]",
            "default-env = \"\"\n[env.dev]\nurl = \"\"\"\nmysql://me:s3cret@h/d\\q\"\"\"",
        ] {
            let found = Config::parse("migrate.toml", text).unwrap_err();
            let rendered = format!("{found:?}{}", found[0].render_for_rustc());
            assert!(!rendered.contains("s3cret"), "{text}: {rendered}");
        }
        let config = Config::parse("migrate.toml", "[env.dev]\nurl = \"mysql://me:s3cret@h/d\"");
        assert!(!format!("{config:?}").contains("s3cret"));
    }

    #[test]
    fn broken_toml_is_reported_with_its_place() {
        let diagnostics = Config::parse("migrate.toml", "dir = \"a\"\nx = = 2").unwrap_err();
        assert_eq!(diagnostics[0].labels[0].place.as_ref().unwrap().line, 2);
    }
}
