//! What migrate.toml must say so that an imported chain passes `check`, and its databases `verify`.

use migrate_core::{Config, Dialect, Dialects, SessionSettings};
use migrate_schema::Name;
use wildmatch::WildMatch;

use super::Tool;
use crate::schemas::ignored::version_tables;

/// Lines for migrate.toml.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ConfigEdits {
    /// Lines below `[rules]`.
    pub(super) rules: Vec<&'static str>,
    /// Lines below `[session]`: what the old tool's migrations ran with.
    session: Vec<&'static str>,
    /// The databases of the project, if the file does not list them.
    dialects: Dialects,
    /// The table of the old tool, which stays and belongs to no revision, if it does not have its
    /// usual name.
    pub(super) ignored: Option<String>,
}

impl ConfigEdits {
    /// Adds the rules, and the old tool's table unless `verify` ignores it already.
    pub(super) fn new(rules: Vec<&'static str>, version_table: &str, config: &Config) -> Self {
        let name = unquoted(version_table);
        let mut patterns = config.ignored.iter();
        let is_ignored = patterns.any(|pattern| WildMatch::new(pattern).matches(&name));
        let is_known = version_tables().contains(&Name::plain(name.as_str()));
        Self {
            rules,
            session: Vec::new(),
            dialects: Dialects::NONE,
            ignored: Some(name).filter(|_| !is_ignored && !is_known),
        }
    }

    /// Adds the session settings that the old tool's migrations ran with on MySQL, unless there are
    /// some: without them, `a || b` would mean something else.
    pub(super) fn with_session(mut self, tool: Tool, dialects: Dialects, config: &Config) -> Self {
        let mut said = config.envs.iter().map(|env| &env.session);
        let is_said = config.session != SessionSettings::NONE
            || said.any(|session| *session != SessionSettings::NONE);
        if dialects.contains(Dialect::MySql) && !is_said {
            self.session = session(tool).to_vec();
        }
        self
    }

    /// Adds the list of the project's databases.
    pub(super) const fn with_dialects(mut self, dialects: Dialects) -> Self {
        self.dialects = dialects;
        self
    }

    /// Returns true if the file can stay as it is.
    pub(crate) const fn is_empty(&self) -> bool {
        self.rules.is_empty()
            && self.session.is_empty()
            && self.dialects.is_empty()
            && self.ignored.is_none()
    }

    /// Returns the lines as they are shown.
    pub(crate) fn shown(&self) -> String {
        let ignored = self.ignored.as_deref().map(ignore);
        let lines = self.rules.iter().chain(&self.session);
        list(self.dialects)
            .into_iter()
            .chain(lines.map(ToString::to_string))
            .chain(ignored)
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// Returns the text of migrate.toml with the lines.
    pub(super) fn written(&self, text: &str) -> String {
        let mut text = text.to_owned();
        if let Some(line) = list(self.dialects) {
            // A key of the file itself comes before its sections.
            text = match text.is_empty() {
                true => line + "\n",
                false => format!("{line}\n{text}"),
            };
        }
        if !self.rules.is_empty() {
            text = with_line(&text, "[rules]", &self.rules.join("\n"));
        }
        if !self.session.is_empty() {
            text = with_line(&text, "[session]", &self.session.join("\n"));
        }
        if let Some(table) = &self.ignored {
            text = with_ignored(&text, table);
        }
        text
    }
}

/// What a tool sets for its sessions on MySQL and MariaDB; the others use the server's own.
const fn session(tool: Tool) -> &'static [&'static str] {
    match tool {
        // sqlx-mysql, `options/connect.rs`, and the client's flag in `connection/stream.rs`.
        Tool::Sqlx => &[
            "sql-mode = \"+PIPES_AS_CONCAT,NO_ENGINE_SUBSTITUTION,IGNORE_SPACE\"",
            "time-zone = \"+00:00\"",
        ],
        // diesel, `mysql/connection/mod.rs`, `set_config_options`.
        Tool::Diesel => &["sql-mode = \"+PIPES_AS_CONCAT\"", "time-zone = \"+00:00\""],
        Tool::Alembic
        | Tool::Refinery
        | Tool::Dbmate
        | Tool::Goose
        | Tool::GolangMigrate
        | Tool::Flyway => &[],
    }
}

/// A name as SQL writes it, without its quotes.
fn unquoted(name: &str) -> String {
    name.replace(['"', '`'], "")
}

/// The line that lists databases, if there are any.
fn list(dialects: Dialects) -> Option<String> {
    let names: Vec<String> = dialects
        .iter()
        .map(|dialect| format!("\"{dialect}\""))
        .collect();
    (!names.is_empty()).then(|| format!("dialects = [{}]", names.join(", ")))
}

fn ignore(table: &str) -> String {
    format!("ignore = [{table:?}]")
}

/// Puts lines at the beginning of a section, which is added if missing.
fn with_line(text: &str, section: &str, lines: &str) -> String {
    let mut new = String::new();
    let mut done = false;
    for line in text.split_inclusive('\n') {
        new.push_str(line);
        if line.trim() == section && !done {
            if !line.ends_with('\n') {
                new.push('\n');
            }
            new.extend([lines, "\n"]);
            done = true;
        }
    }
    if !done {
        if !new.is_empty() {
            new.push_str(if new.ends_with('\n') { "\n" } else { "\n\n" });
        }
        new.extend([section, "\n", lines, "\n"]);
    }
    new
}

/// Puts a table at the beginning of `ignore` below `[verify]`.
fn with_ignored(text: &str, table: &str) -> String {
    let mut section = "";
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        if trimmed.starts_with('[') {
            section = trimmed;
        }
        let is_list = trimmed
            .strip_prefix("ignore")
            .is_some_and(|rest| rest.trim_start().starts_with('='));
        if section == "[verify]"
            && is_list
            && let Some(open) = line.find('[')
        {
            let open = at + open + 1;
            return format!("{}{table:?}, {}", &text[..open], &text[open..]);
        }
        at += line.len();
    }
    with_line(text, "[verify]", &ignore(table))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_go_where_they_belong() {
        for (text, new) in [
            ("", "[rules]\na = 1\n"),
            ("dir = \"x\"", "dir = \"x\"\n\n[rules]\na = 1\n"),
            (
                "[rules]\nb = 2\n[env.dev]\n",
                "[rules]\na = 1\nb = 2\n[env.dev]\n",
            ),
        ] {
            assert_eq!(with_line(text, "[rules]", "a = 1"), new);
        }
    }

    #[test]
    fn the_session_of_the_old_tool_is_written_once() {
        let written = |tool, dialect, text: &str| {
            let config = Config::parse(Config::FILE, text).unwrap();
            let config_edits = ConfigEdits::new(Vec::new(), "_sqlx_migrations", &config);
            let dialects = [dialect].into_iter().collect();
            config_edits
                .with_session(tool, dialects, &config)
                .written(text)
        };
        let new = written(Tool::Sqlx, Dialect::MySql, "[env.dev]\n");
        let session = Config::parse(Config::FILE, &new).unwrap().session;
        assert_eq!(session.time_zone.as_deref(), Some("+00:00"));
        assert_eq!(written(Tool::Sqlx, Dialect::MySql, &new), new);
        assert_eq!(written(Tool::Sqlx, Dialect::Postgres, ""), "");
        assert_eq!(written(Tool::Goose, Dialect::MySql, ""), "");
    }

    #[test]
    fn the_old_table_is_no_difference() {
        for text in [
            "",
            "dialects = [\"sqlite\"]\n[verify]\n",
            "[verify]\nignore = []\n",
            "[verify]\nignore = [\n  \"legacy_*\", # theirs\n]\n[env.dev]\n",
        ] {
            let config = Config::parse(Config::FILE, text).unwrap();
            let config_edits = ConfigEdits::new(Vec::new(), "\"old\"", &config);
            let new = Config::parse(Config::FILE, &config_edits.written(text)).unwrap();
            assert_eq!(new.ignored[0], "old", "{text}");
            assert_eq!(new.ignored.len(), config.ignored.len() + 1, "{text}");
            assert!(
                ConfigEdits::new(Vec::new(), "old", &new).is_empty(),
                "{text}"
            );
        }
    }
}
