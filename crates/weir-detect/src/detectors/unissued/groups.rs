//! Who is accused: credentials that were accepted and never issued, by signing key, else by sensor.

use super::issuing::{Issuing, STEP_US};
use super::unread::{Explained, Uses};
use super::{ISSUES, WEB};
use crate::{Context, DetectError};
use std::collections::{BTreeMap, BTreeSet};
use weir_lake::{quote, quote_all, rows};

/// Issued credentials that must be found among those used for the join to mean something.
const JOINED_MIN: u64 = 10;
/// One answer in so many may be given without credential on a route that asks for one.
const OPEN_SHARE: u64 = 20;

/// Credentials that belong together.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Group {
    /// Where they were used, or the first such sensor.
    pub(super) sensor: String,
    /// The key that signed them, where logged.
    pub(super) key: Option<String>,
    /// Whether that key never signed anything that was issued.
    pub(super) key_never_issued: bool,
    /// The condition on `access` that gives their records.
    pub(super) condition: String,
    /// Credentials that may have been issued before the issuing log began, or in a gap of it.
    pub(super) excused: u64,
    /// Credentials on the same sensor that are found issued.
    pub(super) joined: u64,
    /// What rejected records of the issuing logs can explain of the accused.
    pub(super) explained: Explained,
}

/// How credentials of one sensor and key stand.
#[derive(Clone, Debug, Default, PartialEq)]
struct Count {
    joined: u64,
    accused: u64,
    excused: u64,
    /// The accused by first use.
    uses: Uses,
}

/// An answer was given: what was asked for, or that it is not there.
const ANSWERED: &str = "(shown OR outcome = 'missing')";

/// The routes that ask for a credential, as a condition on `access`; `None` when there are none.
async fn guarded(context: &Context<'_>) -> Result<Option<String>, DetectError> {
    let query = format!(
        "SELECT sensor, route FROM {{digest}} WHERE source <> 'aws_cloudtrail' AND route IS NOT NULL AND {ANSWERED} GROUP BY 1, 2 \
         HAVING count(credential) > 0 AND sum(CASE WHEN credential IS NULL THEN n ELSE 0 END) * {OPEN_SHARE} <= sum(CASE WHEN credential IS NULL THEN 0 ELSE n END) ORDER BY 1, 2"
    );
    let mut routes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in rows(&context.sql(&query).await?) {
        let (Some(sensor), Some(route)) = (row.text("sensor"), row.text("route")) else { continue };
        routes.entry(sensor.to_owned()).or_default().insert(route.to_owned());
    }
    // Servers that share their work guard the same routes: one of a hundred says no more than a list of a hundred names.
    let mut sensors: BTreeMap<BTreeSet<String>, Vec<String>> = BTreeMap::new();
    for (sensor, routes) in routes {
        sensors.entry(routes).or_default().push(sensor);
    }
    let each = sensors.iter().map(|(routes, sensors)| {
        let [routes, sensors] = [routes.iter().collect::<Vec<_>>(), sensors.iter().collect()]
            .map(|names| quote_all(names.into_iter().map(String::as_str)));
        format!("(sensor IN {sensors} AND route IN {routes})")
    });
    let each: Vec<String> = each.collect();
    Ok((!each.is_empty()).then(|| format!("({ANSWERED} AND ({}))", each.join(" OR "))))
}

/// The groups accused.
pub(super) async fn groups(context: &Context<'_>, issuing: &Issuing) -> Result<Vec<Group>, DetectError> {
    let Some(covered) = issuing.covered("first") else { return Ok(Vec::new()) };
    let Some(accepted) = guarded(context).await? else { return Ok(Vec::new()) };
    // One grouping over the union instead of a join: what does not fit in memory goes to disk.
    let keys = quote_all(issuing.keys.iter().map(String::as_str));
    let query = format!(
        "SELECT sensor, key_uid, sum(CASE WHEN issued > 0 THEN 1 ELSE 0 END) AS joined, \
         sum(CASE WHEN issued = 0 AND {covered} THEN 1 ELSE 0 END) AS accused, \
         sum(CASE WHEN issued = 0 AND NOT ({covered}) THEN 1 ELSE 0 END) AS excused, \
         CASE WHEN issued = 0 AND {covered} THEN CAST(floor(date_part('epoch', first) / {step}) AS BIGINT) END AS used \
         FROM (SELECT credential, min(sensor) AS sensor, coalesce(max(CASE WHEN key_uid NOT IN {keys} THEN key_uid END), min(key_uid)) AS key_uid, \
         min(used) AS first, count(used) AS uses, sum(accepted) AS accepted, sum(issued) AS issued FROM \
         (SELECT credential, sensor, key_uid, time AS used, CASE WHEN {accepted} THEN 1 ELSE 0 END AS accepted, 0 AS issued FROM {{digest}} WHERE {WEB} AND {{span}} \
         UNION ALL SELECT credential, NULL, NULL, NULL, 0, 1 FROM auth WHERE {ISSUES} AND source <> 'aws_cloudtrail') GROUP BY credential) \
         WHERE uses > 0 AND accepted > 0 GROUP BY sensor, key_uid, used ORDER BY 1, 2, used",
        step = STEP_US / 1_000_000
    );
    let mut counts: BTreeMap<(String, Option<String>), Count> = BTreeMap::new();
    for row in rows(&context.sql(&query).await?) {
        let Some(sensor) = row.text("sensor") else { continue };
        let count = counts.entry((sensor.to_owned(), row.text("key_uid").map(str::to_owned))).or_default();
        count.joined += row.count("joined");
        count.accused += row.count("accused");
        count.excused += row.count("excused");
        if let Some(used) = row.int("used") {
            *count.uses.entry(used).or_default() += row.count("accused");
        }
    }
    let longer = issuing.lifetime.map_or(0.0, |l| l.longer);
    let accused = accuse(&counts, |key| !issuing.keys.is_empty() && !issuing.keys.contains(key), longer);
    let mut groups: Vec<(Group, Vec<String>, Uses)> = Vec::new();
    for (sensor, key, joined) in accused {
        let count = counts.get(&(sensor.clone(), key.clone())).cloned().unwrap_or_default();
        let key_never_issued =
            key.as_ref().is_some_and(|k| !issuing.keys.contains(k)) && !issuing.keys.is_empty();
        // A key used on several sensors is one hand.
        match groups.iter_mut().find(|(g, ..)| key.is_some() && g.key == key) {
            Some((same, sensors, uses)) => {
                sensors.push(sensor);
                same.excused += count.excused;
                same.joined = same.joined.max(joined);
                for (at, n) in count.uses {
                    *uses.entry(at).or_default() += n;
                }
            }
            None => {
                let (excused, explained) = (count.excused, Explained::default());
                let (sensors, condition) = (vec![sensor.clone()], String::new());
                let group = Group { sensor, key, key_never_issued, condition, excused, joined, explained };
                groups.push((group, sensors, count.uses));
            }
        }
    }
    let life_us = issuing.lifetime.map_or(i64::MAX, |l| l.us);
    let whole = |(group, sensors, uses): (Group, Vec<String>, Uses)| {
        let condition =
            condition(issuing, &sensors, group.key.as_deref(), group.key_never_issued, &accepted)?;
        Some(Group { condition, explained: issuing.unread.explain(&uses, life_us), ..group })
    };
    Ok(groups.into_iter().filter_map(whole).collect())
}

/// Which (sensor, key) groups the join accuses, with how many credentials of the sensor are found issued.
fn accuse(
    counts: &BTreeMap<(String, Option<String>), Count>,
    never_issued: impl Fn(&str) -> bool,
    longer: f64,
) -> Vec<(String, Option<String>, u64)> {
    let mut sensors: BTreeMap<&str, Count> = BTreeMap::new();
    // A key that never issued is judged by the others: what it signed says nothing about the join.
    for ((sensor, _), count) in counts.iter().filter(|((_, k), _)| !k.as_deref().is_some_and(&never_issued)) {
        let sum = sensors.entry(sensor).or_default();
        sum.joined += count.joined;
        sum.accused += count.accused;
    }
    let mut found = Vec::new();
    for ((sensor, key), count) in counts.iter().filter(|(_, c)| c.accused > 0) {
        let Some(sum) = sensors.get(sensor.as_str()) else { continue };
        let checked = sum.joined + sum.accused;
        let means = (sum.joined >= JOINED_MIN && sum.joined * 5 >= checked)
            || (sum.joined >= 3 && sum.joined * 2 >= checked);
        // Where some credentials outlive the lifetime, as many may be older than the log; a key never issued is evidence by itself.
        let outlived = if key.as_deref().is_some_and(&never_issued) || longer == 0.0 {
            0.0
        } else {
            3.0 * longer * sum.joined as f64 + 3.0
        };
        if means && count.accused as f64 > outlived {
            found.push((sensor.clone(), key.clone(), sum.joined));
        }
    }
    found
}

/// The condition on `access` that gives a group's records.
fn condition(
    issuing: &Issuing,
    sensors: &[String],
    key: Option<&str>,
    never_issued: bool,
    accepted: &str,
) -> Option<String> {
    let of_key = match key {
        Some(key) => format!("key_uid = {}", quote(key)),
        None => "key_uid IS NULL".to_owned(),
    };
    let sensors = quote_all(sensors.iter().map(String::as_str));
    let of_group = format!("sensor IN {sensors} AND {of_key} AND {WEB}");
    let covered = issuing.covered("min(time)")?;
    let issued = if never_issued {
        String::new()
    } else {
        format!(" AND credential NOT IN (SELECT credential FROM auth WHERE {ISSUES})")
    };
    Some(format!(
        "{of_group} AND {{span}} AND credential IN (SELECT credential FROM access WHERE {of_group} AND {{span}} GROUP BY credential \
         HAVING {covered} AND sum(CASE WHEN {accepted} THEN 1 ELSE 0 END) > 0){issued}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(all: &[(&str, u64, u64)]) -> BTreeMap<(String, Option<String>), Count> {
        let key = |k: &str| (!k.is_empty()).then(|| k.to_owned());
        all.iter()
            .map(|(k, joined, accused)| {
                (("s".to_owned(), key(k)), Count { joined: *joined, accused: *accused, ..Count::default() })
            })
            .collect()
    }

    fn keys(found: &[(String, Option<String>, u64)]) -> Vec<&str> {
        found.iter().map(|(_, k, _)| k.as_deref().unwrap_or("")).collect()
    }

    #[test]
    fn a_key_that_never_issued_is_judged_by_the_others() {
        let all = counts(&[("good", 30, 0), ("kept", 0, 9_000)]);
        assert_eq!(keys(&accuse(&all, |k| k == "kept", 0.0)), ["kept"]);
        assert_eq!(keys(&accuse(&counts(&[("kept", 0, 9_000)]), |k| k == "kept", 0.0)), Vec::<&str>::new());
    }

    #[test]
    fn a_join_that_finds_few_means_nothing() {
        assert_eq!(keys(&accuse(&counts(&[("", 10, 90)]), |_| false, 0.0)), Vec::<&str>::new());
        assert_eq!(keys(&accuse(&counts(&[("", 90, 10)]), |_| false, 0.0)), [""]);
        assert_eq!(keys(&accuse(&counts(&[("", 2, 1)]), |_| false, 0.0)), Vec::<&str>::new());
    }

    #[test]
    fn credentials_that_may_outlive_the_log_are_no_forgeries() {
        assert_eq!(keys(&accuse(&counts(&[("", 1_000, 30)]), |_| false, 0.01)), Vec::<&str>::new());
        assert_eq!(keys(&accuse(&counts(&[("", 1_000, 34)]), |_| false, 0.01)), [""]);
    }
}
