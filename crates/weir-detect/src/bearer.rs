//! Whose hands data came into, and whom it showed beside the bearer's own person.
//!
//! Decisive choice: whom a bearer was shown first is its own person. So a member at home or abroad shows nobody else, however often their
//! sessions change, and whoever reads many people under one credential reads all but one of them as others.

/// A record's bearer, as SQL: the credential, else the actor, else the client at its address. Rollups have the same.
pub(crate) const BEARER: &str =
    "coalesce(credential, actor, concat(coalesce(src_ip, ''), ' ', coalesce(user_agent, '')))";

/// The address as the bearer: what is shown under a credential for each person came into one hand all the same, or into those of a
/// carrier's customers.
pub(crate) const ADDRESS: &str = "coalesce(src_ip, '')";

/// Each person of each record that showed somebody by name and satisfies a condition: the columns asked for, `bearer`, `person`.
pub(crate) fn people(columns: &str, condition: &str) -> String {
    people_by("{digest}", BEARER, columns, condition)
}

fn people_by(records: &str, bearer: &str, columns: &str, condition: &str) -> String {
    format!(
        "(SELECT {columns}, bearer, one['namespace'] || ':' || one['id'] AS person FROM \
         (SELECT {columns}, {bearer} AS bearer, unnest(subjects) AS one FROM {records} WHERE shown AND subject IS NOT NULL AND {condition}) \
         WHERE one['namespace'] <> 'credential')"
    )
}

/// Records' people who were shown to somebody else's bearer, with the day on which each first was, counted by group and day: columns of
/// the group, `day`, `people`.
pub(crate) fn others(bearer: &str, group: &str, condition: &str) -> String {
    format!(
        "SELECT {group}, day, count(*) AS people FROM (SELECT {group}, person, min(day) AS day FROM \
         (SELECT {group}, day, person, first_value(person) OVER (PARTITION BY bearer ORDER BY time, person) AS own FROM {}) \
         WHERE person <> own GROUP BY {group}, person) GROUP BY {group}, day ORDER BY {group}, day",
        people_by("{digest}", bearer, &format!("{group}, time, day"), condition)
    )
}

/// The records of bearers that were shown several people, as a condition on `access`; the same condition that selected them stands inside.
pub(crate) fn by_others(bearer: &str, condition: &str) -> String {
    format!(
        "shown AND subject IS NOT NULL AND {condition} AND {bearer} IN (SELECT bearer FROM {} GROUP BY bearer HAVING count(DISTINCT person) > 1)",
        people_by("access", bearer, "time", condition)
    )
}
