//! What migrate.toml must say so that an imported chain passes `check`, and its databases `verify`.

use migrate_core::Config;
use migrate_core::schema::Name;
use wildmatch::WildMatch;

use crate::others::version_tables;

/// Lines for migrate.toml.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    /// Lines below `[rules]`.
    pub(super) rules: Vec<&'static str>,
    /// The table of the old tool, which stays and belongs to no revision, where it is not called as
    /// usual.
    pub(super) ignored: Option<String>,
}

impl Needs {
    /// Takes the rules, and the old tool's table where `verify` does not pass over it already.
    pub(super) fn new(rules: Vec<&'static str>, version_table: &str, config: &Config) -> Self {
        let name = unquoted(version_table);
        let mut patterns = config.ignored.iter();
        let is_ignored = patterns.any(|pattern| WildMatch::new(pattern).matches(&name));
        let is_known = version_tables().contains(&Name::plain(name.as_str()));
        Self {
            rules,
            ignored: Some(name).filter(|_| !is_ignored && !is_known),
        }
    }

    /// Says whether the file can stay as it is.
    pub(crate) const fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.ignored.is_none()
    }

    /// Returns the lines as people are told of them.
    pub(crate) fn shown(&self) -> String {
        let ignored = self.ignored.as_deref().map(ignore);
        let rules = self.rules.iter().map(ToString::to_string);
        rules.chain(ignored).collect::<Vec<_>>().join(", ")
    }

    /// Returns the text of migrate.toml with the lines.
    pub(super) fn written(&self, text: &str) -> String {
        let mut text = text.to_owned();
        if !self.rules.is_empty() {
            text = with_line(&text, "[rules]", &self.rules.join("\n"));
        }
        if let Some(table) = &self.ignored {
            text = with_ignored(&text, table);
        }
        text
    }
}

/// A name as SQL writes it, without its quotes.
fn unquoted(name: &str) -> String {
    name.replace(['"', '`'], "")
}

fn ignore(table: &str) -> String {
    format!("ignore = [{table:?}]")
}

/// Puts lines at the beginning of a section, which is added where there is none.
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
    fn the_old_table_is_no_difference() {
        for text in [
            "",
            "dialects = [\"sqlite\"]\n[verify]\n",
            "[verify]\nignore = []\n",
            "[verify]\nignore = [\n  \"legacy_*\", # theirs\n]\n[env.dev]\n",
        ] {
            let config = Config::parse(Config::FILE, text).unwrap();
            let needs = Needs::new(Vec::new(), "\"old\"", &config);
            let new = Config::parse(Config::FILE, &needs.written(text)).unwrap();
            assert_eq!(new.ignored[0], "old", "{text}");
            assert_eq!(new.ignored.len(), config.ignored.len() + 1, "{text}");
            assert!(Needs::new(Vec::new(), "old", &new).is_empty(), "{text}");
        }
    }
}
