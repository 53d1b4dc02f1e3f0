//! The worlds: which scenario, how large, and within what time it is to be found.

/// One world to be investigated.
pub struct Case {
    /// Its name in the table.
    pub name: &'static str,
    pub scenario: &'static str,
    /// Days of log; as many as the background has where 0.
    pub days: u32,
    pub settings: &'static [(&'static str, f64)],
    /// Days of log time within which it is to be found; none where nothing leaks.
    pub within: Option<f64>,
    /// A real log below the shared data that it is written into.
    pub background: Option<&'static str>,
    /// Space on the disk that it needs; such a world is part of the full form only.
    pub needs_gb: u64,
}

const NO_LOG: (&str, f64) = ("issuance", 0.0);
const SMALL: (&str, f64) = ("members", 1_500.0);

const CASE: Case = Case {
    name: "",
    scenario: "",
    days: 40,
    settings: &[SMALL],
    within: Some(7.0),
    background: None,
    needs_gb: 0,
};

pub const FORGED: Case = Case {
    name: "forged-tokens, issuance log",
    scenario: "forged-tokens",
    days: 30,
    within: Some(1.0 / 24.0),
    ..CASE
};
pub const FORGED_70: Case = Case {
    name: "forged-tokens, no issuance log, 70 people a day",
    scenario: "forged-tokens",
    days: 24,
    settings: &[SMALL, NO_LOG, ("people", 70.0), ("addresses", 6.0)],
    ..CASE
};
pub const FORGED_7: Case = Case {
    name: "forged-tokens, no issuance log, 7 people a day",
    scenario: "forged-tokens",
    days: 60,
    settings: &[SMALL, NO_LOG, ("people", 7.0), ("addresses", 12.0), ("from", 0.0)],
    within: Some(60.0),
    ..CASE
};
pub const INSIDE: Case =
    Case { name: "already-inside", scenario: "already-inside", within: Some(30.0), ..CASE };
pub const PARTNER: Case = Case { name: "partner-enumeration", scenario: "partner-enumeration", ..CASE };
pub const ROTATING: Case = Case { name: "rotating-id-scrape", scenario: "rotating-id-scrape", ..CASE };
pub const LOOKUP: Case = Case { name: "lookup-abuse", scenario: "lookup-abuse", ..CASE };
pub const INSIDER: Case = Case {
    name: "insider-bulk",
    scenario: "insider-bulk",
    days: 120,
    settings: &[],
    within: Some(60.0),
    ..CASE
};
pub const DBA: Case = Case { name: "stolen-dba", scenario: "stolen-dba", days: 60, settings: &[], ..CASE };
pub const DBA_COPY: Case = Case {
    name: "stolen-dba, by COPY",
    scenario: "stolen-dba",
    days: 60,
    settings: &[("copy", 1.0)],
    ..CASE
};
/// A forger among real traffic: what is accused beside it is false.
pub const REAL: Case = Case {
    name: "forged-tokens in a real Apache log of four days",
    scenario: "forged-tokens",
    days: 0,
    settings: &[NO_LOG, ("people", 70.0), ("from", 0.25)],
    background: Some("web-background/apache_logs"),
    ..CASE
};
pub const DATABASE_YEAR: Case = Case {
    name: "a database's quiet year",
    scenario: "insider-bulk",
    days: 365,
    settings: &[("members", 300.0), ("from", 1.0)],
    within: None,
    ..CASE
};
pub const QUIET_YEAR: Case = Case {
    name: "quiet-year",
    scenario: "quiet-year",
    days: 365,
    settings: &[("members", 300.0)],
    within: None,
    ..CASE
};
pub const QUIET_LARGE: Case =
    Case { name: "quiet-year, 6,000 members", settings: &[("members", 6_000.0)], needs_gb: 2, ..QUIET_YEAR };
/// 300 addresses of 308 views a day, 1 record in 50, some 65 million records.
pub const LINKING: Case = Case {
    name: "linking world",
    scenario: "forged-tokens",
    days: 14,
    settings: &[("members", 4_160_000.0), NO_LOG, ("addresses", 300.0), ("people", 75.0), ("from", 0.0)],
    needs_gb: 12,
    ..CASE
};
/// 12 addresses of 30 views a day, 1 record in 4,486, some 97 million records.
pub const RATE: Case = Case {
    name: "rate world",
    scenario: "forged-tokens",
    days: 60,
    settings: &[("members", 1_757_000.0), NO_LOG, ("addresses", 12.0), ("people", 7.5), ("from", 0.0)],
    within: Some(60.0),
    needs_gb: 16,
    ..CASE
};

/// All of them, in the table's order; the full form's last, the largest at the end.
pub const CASES: &[Case] = &[
    FORGED,
    FORGED_70,
    FORGED_7,
    INSIDE,
    PARTNER,
    ROTATING,
    LOOKUP,
    INSIDER,
    DBA,
    DBA_COPY,
    REAL,
    DATABASE_YEAR,
    QUIET_YEAR,
    QUIET_LARGE,
    LINKING,
    RATE,
];

/// People a day from each of two addresses: the curve.
pub const CURVE: [f64; 6] = [3.0, 10.0, 30.0, 100.0, 300.0, 1_000.0];
pub const CURVE_DAYS: u32 = 45;

/// The settings of a point of the curve.
pub fn curve_settings(people: f64, issuance: bool) -> [(&'static str, f64); 5] {
    [
        ("members", 3_000.0),
        ("addresses", 2.0),
        ("issuance", f64::from(u8::from(issuance))),
        ("people", people),
        ("from", 0.1),
    ]
}

#[cfg(test)]
mod tests {
    use super::CASES;

    #[test]
    fn names_are_unique_and_the_largest_come_last() {
        assert!(CASES.iter().enumerate().all(|(n, c)| CASES.iter().skip(n + 1).all(|d| d.name != c.name)));
        assert!(CASES.is_sorted_by_key(|case| case.needs_gb));
    }
}
