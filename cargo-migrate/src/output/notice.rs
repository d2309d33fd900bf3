//! What a database says beside errors.

use serde::Serialize;

use crate::output::style::{self, styled};

/// Something that the database said beside errors.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Notice {
    pub(super) revision: String,
    pub(super) severity: &'static str,
    /// The number that MySQL and MariaDB give it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<String>,
    pub(super) message: String,
    /// How often it was said.
    pub(super) count: usize,
}

impl Notice {
    /// Returns the line that shows it.
    pub(super) fn line(&self) -> String {
        let style = match self.severity {
            "warning" => style::WARNING,
            _ => style::HELP,
        };
        let code = self.code.as_ref().map(|code| format!(" ({code})"));
        format!(
            "{} {}: {}{}",
            styled(style, format_args!("{}:", self.severity)),
            styled(style::ID, &self.revision),
            self.message.replace('\n', "\n  "),
            code.unwrap_or_default()
        )
    }
}
