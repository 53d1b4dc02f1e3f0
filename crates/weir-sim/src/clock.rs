//! The world's calendar: its days, and when in a day people do things.
//!
//! Times are milliseconds since the epoch in UTC. A day is a local one, so that mornings are mornings; no time zone here
//! changes its offset within a period.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use crate::random::Random;

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

/// The civil time that a clock this many hours ahead of UTC shows. Times beyond the calendar show its epoch.
#[must_use]
pub fn civil(at: i64, ahead: i8) -> DateTime {
    let timestamp = Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH);
    Offset::constant(ahead).to_datetime(timestamp)
}

/// A time as RFC 3339 in UTC with milliseconds, for the truth file.
#[must_use]
pub fn rfc3339(at: i64) -> String {
    let t = civil(at, 0);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        t.year(),
        t.month(),
        t.day(),
        t.hour(),
        t.minute(),
        t.second(),
        t.millisecond()
    )
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
