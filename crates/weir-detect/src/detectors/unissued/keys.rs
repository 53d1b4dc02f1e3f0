//! How a signing key stands in the inventories: retired, its owner gone, or unknown.

use super::issuing::Issuing;
use super::tell::{self, Members};
use crate::{Context, DetectError, Draft};
use weir_catalog::Inventories;
use weir_lake::{quote, rows};
use weir_model::time::DAY_US;
use weir_model::{Entity, EntityKind, Finding, Micros, Severity};

/// How long a token may outlive its key's retirement where no issuing log shows the lifetime.
const LIFETIME_UNKNOWN_US: i64 = 30 * DAY_US;

/// What the inventories say of a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// There is an inventory of keys and the key is not in it.
    pub(super) unknown: bool,
    /// When it was retired.
    pub(super) retired: Option<Micros>,
    /// Its owner, and when they left for good.
    pub(super) owner: Option<String>,
    pub(super) owner_left: Option<Micros>,
}

impl Standing {
    /// From when nobody should have held the key.
    pub(super) fn unfit_since(&self) -> Option<Micros> {
        self.retired.into_iter().chain(self.owner_left).min()
    }
}

/// What the inventories say of a key; nothing where there are none.
pub(super) fn standing(inventories: &Inventories, key: &str) -> Standing {
    let Some(keys) = &inventories.keys else { return Standing::default() };
    let Some(row) = keys.iter().find(|k| k.key == key) else {
        return Standing { unknown: true, ..Standing::default() };
    };
    let stays = |owner: &str| {
        let people = inventories.people.as_deref().unwrap_or_default();
        let mut terms: Vec<_> = people.iter().filter(|p| p.person == owner).map(|p| p.left).collect();
        // Somebody who came back has several rows; one without an end is in force.
        terms.sort();
        if terms.iter().any(Option::is_none) { None } else { terms.into_iter().flatten().max() }
    };
    Standing {
        unknown: false,
        retired: row.retired,
        owner: row.owner.clone(),
        owner_left: row.owner.as_deref().and_then(stays),
    }
}

/// Keys in use after they retired or their owner left, apart from those already accused.
pub(super) async fn unfit(
    context: &Context<'_>,
    issuing: Option<&Issuing>,
    accused: &[String],
) -> Result<Vec<Finding>, DetectError> {
    let mut findings = Vec::new();
    if context.inventories.keys.is_none() {
        return Ok(findings);
    }
    let used = context
        .sql("SELECT DISTINCT key_uid FROM {digest} WHERE key_uid IS NOT NULL AND {span} ORDER BY 1")
        .await?;
    let outlive = issuing.and_then(|i| i.lifetime).map_or(LIFETIME_UNKNOWN_US, |l| l.us);
    for key in rows(&used).filter_map(|r| r.text("key_uid")).filter(|k| !accused.iter().any(|a| a == k)) {
        let standing = standing(context.inventories, key);
        let Some(since) = standing.unfit_since() else { continue };
        let from = Micros(since.0.saturating_add(outlive));
        let condition = format!("key_uid = {} AND {{span}} AND time >= TIMESTAMP '{from}'", quote(key));
        findings.extend(finding(context, key, &standing, from, &condition).await?);
    }
    Ok(findings)
}

async fn finding(
    context: &Context<'_>,
    key: &str,
    standing: &Standing,
    from: Micros,
    condition: &str,
) -> Result<Option<Finding>, DetectError> {
    let Some(members) = Members::read(context, condition).await? else { return Ok(None) };
    let Some(evidence) = context.cite("access", condition).await? else { return Ok(None) };
    let severity = if standing.retired.is_some() { Severity::High } else { Severity::Medium };
    let mut draft = Draft::new("unissued", severity, Entity::new(EntityKind::Key, key), members.seen);
    draft.identity.push("unfit".to_owned());
    draft.title = format!("key {key} still signs credentials: {}", words(standing));
    draft.explanation = format!(
        "By the inventories {}. What it had signed before may live until {from}; every record counted here is later. A rule, not a statistic.",
        words(standing)
    );
    draft.attack = vec!["T1552.004".to_owned()];
    draft.limits.extend(members.limits());
    Ok(Some(tell::measured(draft, &members).finish(evidence, context.snapshot.versions())))
}

/// The standing as a clause.
pub(super) fn words(standing: &Standing) -> String {
    let owner = standing.owner.as_deref().unwrap_or("its owner");
    let parts = [
        standing.unknown.then(|| "the key is in no row of the inventory".to_owned()),
        standing.retired.map(|at| format!("the key was retired by {at}")),
        standing.owner_left.map(|at| format!("{owner}, who holds it, had left by {at}")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inventories() -> Inventories {
        let mut all = Inventories::default();
        all.add_keys(
            "keys.csv",
            "key,owner,created,retired\nkept,ann,2024-01-01,\nold,bob,2024-01-01,2025-01-01\n",
        )
        .unwrap();
        all.add_people(
            "people.csv",
            "person,joined,left\nann,2020-01-01,2024-12-31\nbob,2019-01-01,2020-01-01\nbob,2021-01-01,\n",
        )
        .unwrap();
        all
    }

    #[test]
    fn a_key_is_unfit_from_its_owners_last_day_or_its_retirement() {
        let kept = standing(&inventories(), "kept");
        assert_eq!(kept.unfit_since().map(|t| t.to_string()).as_deref(), Some("2025-01-01T00:00:00Z"));
        assert_eq!(words(&kept), "ann, who holds it, had left by 2025-01-01T00:00:00Z");
        let old = standing(&inventories(), "old");
        assert_eq!((old.owner_left, old.retired.is_some()), (None, true), "bob came back");
        assert!(standing(&inventories(), "new").unknown);
        assert_eq!(standing(&Inventories::default(), "new"), Standing::default());
    }
}
