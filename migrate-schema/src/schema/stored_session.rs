//! The settings of a session that MySQL and MariaDB keep with what it creates.
//!
//! A routine, a trigger or an event always runs with the `sql_mode` of the session that created it,
//! and its literals have that session's collation (MySQL manual, "CREATE PROCEDURE and CREATE
//! FUNCTION Statements"). So the settings are a part of its text, as in a dump.

/// Puts the settings of the session before the statement that is to run in it: each a variable and
/// its value as SQL writes it, without a blank after a comma.
///
/// ```
/// use migrate_schema::with_session;
///
/// let settings = [("sql_mode", "'ANSI_QUOTES'")];
/// assert_eq!(
///     with_session(&settings, "CREATE PROCEDURE p() SELECT 1"),
///     "SET sql_mode = 'ANSI_QUOTES';\nCREATE PROCEDURE p() SELECT 1"
/// );
/// ```
#[must_use]
pub fn with_session(settings: &[(&str, &str)], statement: &str) -> String {
    if settings.is_empty() {
        return statement.to_owned();
    }
    let settings = settings
        .iter()
        .map(|(name, value)| format!("{name} = {value}"));
    let settings: Vec<String> = settings.collect();
    format!("SET {};\n{statement}", settings.join(", "))
}

/// Takes apart what [`with_session`] has put together.
pub(crate) fn without_session(text: &str) -> (Vec<(&str, &str)>, &str) {
    let parts = text.strip_prefix("SET ").and_then(|rest| {
        let (settings, statement) = rest.split_once(";\n")?;
        let settings: Option<Vec<_>> = settings
            .split(", ")
            .map(|setting| setting.split_once(" = "))
            .collect();
        Some((settings?, statement))
    });
    parts.unwrap_or_else(|| (Vec::new(), text))
}

#[cfg(test)]
mod tests {
    use super::{with_session, without_session};

    #[test]
    fn what_is_put_together_can_be_taken_apart() {
        let settings = vec![("sql_mode", "'A,B'"), ("time_zone", "'+05:00'")];
        for settings in [Vec::new(), settings] {
            let statement = "CREATE TRIGGER t\nSET NEW.a = 1;\nSET b = 2";
            let text = with_session(&settings, statement);
            assert_eq!(without_session(&text), (settings, statement));
        }
        assert_eq!(without_session("SET x"), (Vec::new(), "SET x"));
    }
}
