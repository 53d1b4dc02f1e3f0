//! The world's calendar: its days, and when in a day people do things.
//!
//! Times are milliseconds since the epoch in UTC. A day is a local one, so that mornings are mornings; no time zone here
//! changes its offset within a period.

use crate::random::Random;
use crate::text::{Put, Two, put};

/// A second, in the world's unit of time.
pub const SECOND: i64 = 1_000;
/// A minute.
pub const MINUTE: i64 = 60 * SECOND;
/// An hour.
pub const HOUR: i64 = 60 * MINUTE;
/// A day.
pub const DAY: i64 = 24 * HOUR;

/// The time a world covers.
#[derive(Debug, Clone, Copy)]
pub struct Period {
    /// Local midnight at which the logs begin.
    pub start: i64,
    /// How many days they cover.
    pub days: u32,
    /// Hours that local time is ahead of UTC.
    pub ahead: i8,
}

impl Period {
    /// The days in order.
    pub fn days(self) -> impl Iterator<Item = Day> {
        (0..self.days).map(move |index| self.day(index))
    }

    /// One day by its number.
    #[must_use]
    pub fn day(self, index: u32) -> Day {
        let start = self.start + i64::from(index) * DAY;
        // 1970-01-01 was a Thursday, three days after a Monday.
        let weekday = ((start + i64::from(self.ahead) * HOUR).div_euclid(DAY) + 3).rem_euclid(7);
        Day { index, start, weekday: weekday as u8 }
    }
}

/// One local day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// Its number, from 0.
    pub index: u32,
    /// Its local midnight.
    pub start: i64,
    /// 0 is Monday.
    pub weekday: u8,
}

impl Day {
    /// Whether the week has ended.
    #[must_use]
    pub fn weekend(self) -> bool {
        self.weekday >= 5
    }

    /// A time of this day.
    #[must_use]
    pub fn at(self, hour: i64, minute: i64) -> i64 {
        self.start + hour * HOUR + minute * MINUTE
    }

    /// The local hour of a time that lies on this day or soon after.
    #[must_use]
    pub fn hour(self, at: i64) -> i64 {
        (at - self.start).div_euclid(HOUR).rem_euclid(24)
    }

    /// A random moment of this day, hours weighted by the rhythm.
    pub fn moment(self, rhythm: &Rhythm, random: &mut Random) -> i64 {
        let hours = if self.weekend() { &rhythm.weekend } else { &rhythm.weekday };
        let hour = random.weighted(hours) as i64;
        self.start + hour * HOUR + random.below(HOUR as u64) as i64
    }
}

/// How much happens in each hour of a day.
#[derive(Debug)]
pub struct Rhythm {
    weekday: [u32; 24],
    weekend: [u32; 24],
}

impl Rhythm {
    /// A rhythm from the weight of each hour on a weekday and at the weekend.
    #[must_use]
    pub const fn new(weekday: [u32; 24], weekend: [u32; 24]) -> Self {
        Self { weekday, weekend }
    }
}

/// People shopping: lunch and the evening on weekdays, late mornings and evenings at the weekend.
pub const SHOPPING: Rhythm = Rhythm {
    weekday: [14, 7, 4, 3, 3, 5, 12, 24, 32, 34, 36, 40, 54, 46, 36, 34, 36, 42, 52, 66, 78, 84, 66, 36],
    weekend: [22, 12, 7, 4, 3, 4, 8, 16, 30, 46, 58, 62, 60, 58, 58, 56, 54, 54, 56, 64, 74, 78, 62, 40],
};

/// Machines that never sleep.
pub const ROUND_THE_CLOCK: Rhythm = Rhythm { weekday: [1; 24], weekend: [1; 24] };

/// What a clock shows: its calendar and its hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The year.
    pub year: u16,
    /// The month, from 1.
    pub month: u8,
    /// The day of the month, from 1.
    pub day: u8,
    /// The hour.
    pub hour: u8,
    /// The minute.
    pub minute: u8,
    /// The second.
    pub second: u8,
    /// The millisecond.
    pub millisecond: u16,
}

/// A date, as RFC 3339 writes it.
struct Date(Moment);

/// A time of day to the second, as RFC 3339 writes it.
struct Time(Moment);

/// Three digits.
struct Thousandths(u16);

impl Moment {
    /// `2025-03-03`
    #[must_use]
    pub fn date(self) -> impl Put {
        Date(self)
    }

    /// `10:05:03`
    #[must_use]
    pub fn time(self) -> impl Put {
        Time(self)
    }

    /// `042`
    #[must_use]
    pub fn thousandths(self) -> impl Put {
        Thousandths(self.millisecond)
    }
}

impl Put for Date {
    fn put(&self, line: &mut Vec<u8>) {
        put!(line, self.0.year, "-", Two(self.0.month), "-", Two(self.0.day));
    }
}

impl Put for Time {
    fn put(&self, line: &mut Vec<u8>) {
        put!(line, Two(self.0.hour), ":", Two(self.0.minute), ":", Two(self.0.second));
    }
}

impl Put for Thousandths {
    fn put(&self, line: &mut Vec<u8>) {
        line.push(b'0' + (self.0 / 100 % 10) as u8);
        put!(line, Two((self.0 % 100) as u8));
    }
}

/// A clock some seconds ahead of UTC. It looks a date up once a day.
#[derive(Debug)]
pub struct Clock {
    ahead: i64,
    /// The last day it showed, in days since the epoch, and its date.
    today: i64,
    date: (u16, u8, u8),
}

impl Clock {
    /// A clock this many seconds ahead of UTC.
    #[must_use]
    pub fn new(ahead_s: i32) -> Self {
        Self { ahead: i64::from(ahead_s) * SECOND, today: 0, date: (1970, 1, 1) }
    }

    /// What it shows at a time.
    pub fn at(&mut self, at: i64) -> Moment {
        let shown = at + self.ahead;
        let (days, rest) = (shown.div_euclid(DAY), shown.rem_euclid(DAY));
        if days != self.today {
            (self.today, self.date) = (days, date(days));
        }
        let (year, month, day) = self.date;
        Moment {
            year,
            month,
            day,
            hour: (rest / HOUR) as u8,
            minute: (rest / MINUTE % 60) as u8,
            second: (rest / SECOND % 60) as u8,
            millisecond: (rest % SECOND) as u16,
        }
    }
}

/// Year, month and day of a day since the epoch, in the proleptic Gregorian calendar (H. Hinnant, chrono-compatible low-level date
/// algorithms, `civil_from_days`).
fn date(days: i64) -> (u16, u8, u8) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year as u16, month as u8, day as u8)
}

/// Days since the epoch of a date in the proleptic Gregorian calendar (`days_from_civil` of the same).
#[must_use]
pub fn days_since_epoch(year: i64, month: u8, day: u8) -> i64 {
    let (month, day) = (i64::from(month), i64::from(day));
    let year = year - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * shifted_month + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year - 719_468
}

/// A time as RFC 3339 in UTC with milliseconds, for the truth file.
#[must_use]
pub fn rfc3339(at: i64) -> String {
    let t = Clock::new(0).at(at);
    let mut line = Vec::with_capacity(24);
    put!(&mut line, t.date(), "T", t.time(), ".", t.thousandths(), "Z");
    String::from_utf8_lossy(&line).into_owned()
}

/// A date some days later.
#[must_use]
pub fn later(iso: &str, days: i64) -> String {
    let mut parts = iso.splitn(3, '-').map(|part| part.parse::<u16>().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    let (year, month, day) = (i64::from(next()), next() as u8, next() as u8);
    let at = (days_since_epoch(year, month, day) + days) * DAY;
    rfc3339(at).chars().take(10).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weekdays_follow_the_local_calendar() {
        // 2026-03-02 is a Monday; nine hours ahead of UTC it begins at 15:00 UTC on Sunday.
        let period = Period { start: 1_772_377_200_000, days: 8, ahead: 9 };
        assert_eq!(rfc3339(period.start), "2026-03-01T15:00:00.000Z");
        let weekdays: Vec<u8> = period.days().map(|day| day.weekday).collect();
        assert_eq!(weekdays, [0, 1, 2, 3, 4, 5, 6, 0]);
    }

    #[test]
    fn the_calendar_is_everyone_elses() {
        for nth in 0..4_000_i64 {
            let (at, ahead) = (nth * 11 * DAY + nth * 997_331, (nth % 25) as i32 - 12);
            let t = Clock::new(ahead * 3_600).at(at);
            let known = jiff::tz::Offset::constant(ahead as i8)
                .to_datetime(jiff::Timestamp::from_millisecond(at).unwrap());
            let shown = (i32::from(t.year), i32::from(t.month), i32::from(t.day), i32::from(t.hour));
            let expected = (known.year(), known.month(), known.day(), known.hour());
            assert_eq!(shown, (expected.0.into(), expected.1.into(), expected.2.into(), expected.3.into()));
            assert_eq!((t.minute as i8, t.second as i8), (known.minute(), known.second()));
            let days = (at + i64::from(ahead) * HOUR).div_euclid(DAY);
            assert_eq!(days_since_epoch(t.year.into(), t.month, t.day), days);
        }
        assert_eq!(later("2024-12-30", 3), "2025-01-02");
        assert_eq!(later("2025-01-02", -3_568), "2015-03-28");
    }

    #[test]
    fn moments_stay_within_their_day() {
        let day = Period { start: 0, days: 1, ahead: 0 }.day(0);
        let mut random = Random::new(1, "moments", 0);
        let mut evening = 0;
        for _ in 0..2_000 {
            let at = day.moment(&SHOPPING, &mut random);
            assert!((0..DAY).contains(&at));
            evening += i32::from((18..22).contains(&day.hour(at)));
        }
        assert!((500..900).contains(&evening), "{evening} of 2000 between 18 and 22 h");
    }
}
