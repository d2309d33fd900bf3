//! How long the statements of a section or of a whole run may take.

use std::time::Duration;

/// How long statements may wait for locks, and how long they may take.
///
/// `None` leaves it to the next to say: a section, then the environment, then the database.
/// Nothing at all, `Duration::ZERO`, means without any limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// How long a statement waits for a lock of another session.
    pub lock: Option<Duration>,
    /// How long a statement takes at most, its waiting included.
    pub statement: Option<Duration>,
}

impl Limits {
    /// Says nothing.
    pub const NONE: Self = Self {
        lock: None,
        statement: None,
    };

    /// The words of a section and the keys of an environment.
    pub(crate) const NAMES: [&str; 2] = ["lock-timeout", "statement-timeout"];

    /// Returns what is said here, and of the rest what `other` says.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            lock: self.lock.or(other.lock),
            statement: self.statement.or(other.statement),
        }
    }

    /// The limit of this name.
    pub(crate) fn named(&mut self, name: &str) -> Option<&mut Option<Duration>> {
        match name {
            "lock-timeout" => Some(&mut self.lock),
            "statement-timeout" => Some(&mut self.statement),
            _ => None,
        }
    }
}

/// Reads a length of time: `300ms`, `5s`, `10min`, `1h`, or `none` for a limit without end.
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

/// What a length of time looks like, for messages.
pub(crate) const DURATIONS: &str =
    "a length of time is for example `300ms`, `5s`, `10min`, or `none`";

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
