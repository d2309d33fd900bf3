//! The time, as the ledger writes it.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A time of the ledger: RFC 3339 in UTC with milliseconds, `2026-11-20T14:32:05.000Z`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(String);

impl Timestamp {
    pub(crate) const fn new(text: String) -> Self {
        Self(text)
    }

    /// Returns the time as the ledger has it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the time; `None` if the ledger has it in another form, which this tool does not write.
    #[must_use]
    pub fn to_system_time(&self) -> Option<SystemTime> {
        let text = self.0.strip_suffix('Z')?;
        let (date, time) = text.split_once('T')?;
        let (time, millis) = time.split_once('.').unwrap_or((time, "0"));
        let numbers = |text: &str, by: char| -> Option<Vec<u64>> {
            text.split(by).map(|number| number.parse().ok()).collect()
        };
        let (date, time) = (numbers(date, '-')?, numbers(time, ':')?);
        let ([year, month, day], [hour, minute, second]) = (&date[..], &time[..]) else {
            return None;
        };
        let seconds = days(*year, *month, *day)? * 86_400 + hour * 3_600 + minute * 60 + second;
        let time = Duration::from_secs(seconds) + Duration::from_millis(millis.parse().ok()?);
        UNIX_EPOCH.checked_add(time)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The day number of a civil date since 1970, as Howard Hinnant's `days_from_civil` computes it.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    if !(1970..10_000).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year / 400, year % 400);
    let shifted_month = (month + 9) % 12;
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era).checked_sub(719_468)
}

/// Returns the present time, RFC 3339 in UTC with milliseconds.
pub(crate) fn now() -> String {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    format(since.as_secs(), since.subsec_millis())
}

/// The civil date of a day number, as Howard Hinnant's `civil_from_days` computes it.
fn format(seconds: u64, millis: u32) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute) = (second / 3_600, second / 60 % 60);
    format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}.{millis:03}Z",
        second % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_times() {
        for (seconds, millis, text) in [
            (0, 0, "1970-01-01T00:00:00.000Z"),
            (951_782_400, 5, "2000-02-29T00:00:00.005Z"),
            (1_795_185_125, 0, "2026-11-20T14:32:05.000Z"),
        ] {
            assert_eq!(format(seconds, millis), text);
            let time = Duration::from_secs(seconds) + Duration::from_millis(millis.into());
            let read = Timestamp::new(text.to_owned()).to_system_time();
            assert_eq!(read, Some(UNIX_EPOCH + time), "{text}");
        }
        for text in [
            "",
            "yesterday",
            "2026-11-20",
            "2026-13-20T14:32:05.000Z",
            "1969-12-31T23:59:59.000Z",
        ] {
            assert_eq!(
                Timestamp::new(text.to_owned()).to_system_time(),
                None,
                "{text}"
            );
        }
    }
}
