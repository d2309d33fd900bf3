//! Time limits for the statements of a section or of a run.

use std::time::Duration;

/// Limits for waiting for locks and for the duration of statements.
///
/// `None` falls back to the next level: a section, then the environment, then the database.
/// `Duration::ZERO` means no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// How long a statement waits for locks of other sessions.
    pub lock: Option<Duration>,
    /// The maximum duration of a statement, including its waiting.
    pub statement: Option<Duration>,
}

impl Limits {
    /// Sets no limit.
    pub const NONE: Self = Self {
        lock: None,
        statement: None,
    };

    /// The keys of a section and of an environment.
    pub(crate) const NAMES: [&str; 2] = ["lock-timeout", "statement-timeout"];

    /// Returns these limits, with those of `other` for the ones that are not set.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            lock: self.lock.or(other.lock),
            statement: self.statement.or(other.statement),
        }
    }

    /// Returns the limit with this name.
    pub(crate) fn named(&mut self, name: &str) -> Option<&mut Option<Duration>> {
        match name {
            "lock-timeout" => Some(&mut self.lock),
            "statement-timeout" => Some(&mut self.statement),
            _ => None,
        }
    }
}

/// Parses a duration: `300ms`, `5s`, `10min`, `1h`, or `none` for no limit.
///
/// ```
/// use std::time::Duration;
///
/// use migrate_core::parse_duration;
///
/// assert_eq!(parse_duration("300ms"), Some(Duration::from_millis(300)));
/// assert_eq!(parse_duration("10min"), Some(Duration::from_secs(600)));
/// assert_eq!(parse_duration("none"), Some(Duration::ZERO));
/// assert_eq!(parse_duration("5"), None);
/// ```
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    if text == "none" {
        return Some(Duration::ZERO);
    }
    let unit = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(unit);
    let number: u32 = number.parse().ok()?;
    let unit = match unit {
        "ms" => Duration::from_millis(1),
        "s" => Duration::from_secs(1),
        "min" => Duration::from_mins(1),
        "h" => Duration::from_hours(1),
        _ => return None,
    };
    // The databases count milliseconds in 31 bits.
    unit.checked_mul(number)
        .filter(|time| !time.is_zero() && time.as_millis() <= i32::MAX as u128)
}

/// Examples of durations, for messages.
pub(crate) const DURATIONS: &str =
    "expected a duration such as `300ms`, `5s` or `10min`, or `none`";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time() {
        for (text, millis) in [
            ("1ms", Some(1)),
            ("5s", Some(5_000)),
            ("2min", Some(120_000)),
            ("24h", Some(86_400_000)),
            ("none", Some(0)),
            ("0s", None),
            ("", None),
            ("s", None),
            ("-1s", None),
            ("1.5s", None),
            ("5 s", None),
            ("99999999999s", None),
            ("4294967295h", None),
            ("é", None),
        ] {
            assert_eq!(
                parse_duration(text),
                millis.map(Duration::from_millis),
                "{text}"
            );
        }
    }
}
