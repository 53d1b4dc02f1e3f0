//! The year that RFC 3164 leaves out.
//!
//! Decisive choice: the records of a file are in order but for small disorder, so the year changes only where the calendar jumps back
//! by more than half a year. The first year follows from the last by counting those jumps, which is why a [`Survey`] runs first. Evidence
//! in the file (an ISO 8601 stamp) comes before the hint, a hint before [`YEAR_UNKNOWN`]; 29 February must fall in a leap year.
//!
//! What this module refuses: the wall clock.

use super::line::{Line, Stamp};
use crate::source::{FileOptions, Survey};
use jiff::civil::{Date, DateTime, Time};

/// The year of the last record when nothing tells it: a leap year, and too old to be believed. Such records are marked
/// `year_inferred` like all others without a year.
pub(super) const YEAR_UNKNOWN: i16 = 2000;

/// Month, day and time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Yearless {
    pub(super) month: i8,
    pub(super) day: i8,
    pub(super) time: Time,
}

impl Yearless {
    /// The day in a year of twelve months of 31 days: monotone, the same in every year.
    fn slot(self) -> i16 {
        slot(self.month, self.day)
    }
}

fn slot(month: i8, day: i8) -> i16 {
    i16::from(month) * 31 + i16::from(day)
}

/// Half of a year of such days.
const HALF: i16 = 186;
/// 31 December seen after 2 January, or 30 December after 1 January: a record out of order at New Year.
const NEW_YEAR: i16 = 370;

/// The year so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Years {
    year: i16,
    last: Option<i16>,
}

impl Years {
    pub(super) fn starting(year: i16) -> Self {
        Self { year, last: None }
    }

    /// The year of the next record.
    fn next(&mut self, slot: i16) -> i16 {
        let jump = slot - self.last.unwrap_or(slot);
        if jump >= NEW_YEAR {
            return self.year.saturating_sub(1);
        }
        if jump < -HALF {
            self.year = self.year.saturating_add(1);
        }
        self.last = Some(slot);
        self.year
    }

    /// Date and time of the next record; `None` on 29 February of a year that has none.
    pub(super) fn place(&mut self, at: Yearless) -> Option<DateTime> {
        let year = self.next(at.slot());
        Some(Date::new(year, at.month, at.day).ok()?.to_datetime(at.time))
    }

    /// A stamp with a date tells the year outright.
    pub(super) fn told(&mut self, date: Date) {
        *self = Self { year: date.year(), last: Some(slot(date.month(), date.day())) };
    }
}

/// Counts the New Years in a file and looks for a year.
pub(super) struct YearSurvey {
    /// Years counted from the first record, which is in year 0.
    years: Years,
    /// Relative years that have a 29 February.
    leap: Vec<i16>,
    /// The first record's year by an ISO 8601 stamp.
    told: Option<i16>,
}

impl YearSurvey {
    pub(super) fn new() -> Self {
        Self { years: Years::starting(0), leap: Vec::new(), told: None }
    }

    /// The first record's year; the last one's is at most `hint`.
    pub(super) fn first_year(&self, hint: Option<i16>) -> i16 {
        /// Leap years are at most eight years apart.
        const BACK_MAX: i16 = 8;
        let latest = hint.unwrap_or(YEAR_UNKNOWN).saturating_sub(self.years.year);
        let fits =
            |first: &i16| self.leap.iter().all(|rel| Date::new(first.saturating_add(*rel), 2, 29).is_ok());
        self.told.unwrap_or_else(|| {
            (0..=BACK_MAX).map(|back| latest.saturating_sub(back)).find(fits).unwrap_or(latest)
        })
    }
}

impl Survey for YearSurvey {
    fn record(&mut self, bytes: &[u8]) {
        // The stamp stands first; the rest of a long line does not matter.
        let head = String::from_utf8_lossy(bytes.get(..128).unwrap_or(bytes));
        let date = match Line::parse(&head).map(|l| l.stamp) {
            Some(Stamp::Yearless(at)) => {
                let year = self.years.next(at.slot());
                if (at.month, at.day) == (2, 29) && self.leap.last() != Some(&year) {
                    self.leap.push(year);
                }
                return;
            }
            Some(Stamp::Civil(at)) => at.date(),
            Some(Stamp::Iso(word)) => match word.get(..10).and_then(|d| d.parse::<Date>().ok()) {
                Some(date) => date,
                None => return,
            },
            None => return,
        };
        let year = self.years.next(slot(date.month(), date.day()));
        self.told.get_or_insert(date.year().saturating_sub(year));
    }

    fn finish(self: Box<Self>, options: &mut FileOptions) {
        options.year_first = Some(self.first_year(options.year_hint));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The years given to records stamped `Mon DD`, by survey and parse.
    fn years(hint: Option<i16>, days: &[&str]) -> Vec<Option<i16>> {
        let lines: Vec<_> = days
            .iter()
            .map(|d| match d.len() {
                6 => format!("{d} 12:00:00 h sshd[1]: x"),
                _ => format!("{d}T12:00:00Z h sshd[1]: x"),
            })
            .collect();
        let mut survey = Box::new(YearSurvey::new());
        lines.iter().for_each(|l| survey.record(l.as_bytes()));
        let mut options = FileOptions { year_hint: hint, ..FileOptions::default() };
        survey.finish(&mut options);
        let mut years = Years::starting(options.year_first.unwrap());
        let stamps = lines.iter().map(|l| Line::parse(l).unwrap().stamp);
        stamps
            .map(|stamp| match stamp {
                Stamp::Yearless(at) => years.place(at).map(|d| d.year()),
                Stamp::Civil(at) => Some(at.year()),
                Stamp::Iso(word) => {
                    let date: Date = word.get(..10).unwrap().parse().unwrap();
                    years.told(date);
                    Some(date.year())
                }
            })
            .collect()
    }

    fn all(years: &[i16]) -> Vec<Option<i16>> {
        years.iter().copied().map(Some).collect()
    }

    #[test]
    fn the_first_year_follows_from_the_last() {
        assert_eq!(
            years(Some(2025), &["Nov 03", "Dec 31", "Jan 01", "Aug 09", "Jan 02"]),
            all(&[2023, 2023, 2024, 2024, 2025])
        );
        assert_eq!(years(Some(2025), &["Mar 03"]), all(&[2025]));
        assert_eq!(years(None, &["Dec 31", "Jan 01"]), all(&[1999, 2000]));
    }

    #[test]
    fn small_disorder_changes_no_year() {
        assert_eq!(
            years(Some(2025), &["Dec 31", "Jan 01", "Dec 31", "Jan 01"]),
            all(&[2024, 2025, 2024, 2025])
        );
        assert_eq!(years(Some(2025), &["Jan 01", "Dec 31", "Jan 02"]), all(&[2025, 2024, 2025]));
        assert_eq!(years(Some(2025), &["Aug 09", "May 01", "Aug 10", "Aug 09"]), all(&[2025; 4]));
        // A quiet host: eight months between two records.
        assert_eq!(years(Some(2025), &["Mar 01", "Nov 01"]), all(&[2025; 2]));
    }

    #[test]
    fn a_29_february_is_in_a_leap_year() {
        assert_eq!(years(Some(2023), &["Feb 28", "Feb 29", "Mar 01"]), all(&[2020; 3]));
        assert_eq!(years(Some(2025), &["Feb 29", "Dec 31", "Jan 01"]), all(&[2024, 2024, 2025]));
        assert_eq!(years(Some(1903), &["Feb 29"]), all(&[1896]));
        // No year can hold both: what cannot be placed is no date.
        assert_eq!(years(Some(2025), &["Feb 29", "Dec 31", "Feb 29"]), [Some(2024), Some(2024), None]);
    }

    #[test]
    fn a_full_date_in_the_file_outweighs_the_hint() {
        assert_eq!(
            years(Some(2025), &["Dec 31", "Jan 01", "2019-01-02", "Jan 03"]),
            all(&[2018, 2019, 2019, 2019])
        );
        assert_eq!(years(None, &["2019-12-31", "Jan 01"]), all(&[2019, 2020]));
    }
}
