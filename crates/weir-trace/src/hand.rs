//! The hand behind a finding: who and what acted, grown over issued credentials.

use crate::TraceError;
use futures::future::BoxFuture;
use std::collections::BTreeSet;
use weir_lake::{Session, quote_all, rows};
use weir_model::{Entity, EntityKind, Finding, Table};

/// How many times a hand grows over what it was issued: deeper chains of roles than this are not followed, and said so.
pub const DEPTH_MAX: usize = 6;
/// The most members of one kind a hand is followed through.
pub const MEMBERS_MAX: usize = 10_000;

/// Credentials of a hand up to which each is named in a query; of more, the finding's own condition is used.
pub const CREDENTIALS_NAMED_MAX: usize = 200;

/// The condition on `access` that a finding's own query states.
fn flagged(finding: &Finding) -> Option<String> {
    let query = finding.evidence.0.query();
    let rest = query.strip_prefix("SELECT * FROM access WHERE ")?;
    let end = rest.rfind(" ORDER BY time").unwrap_or(rest.len());
    rest.get(..end).map(|c| format!("({c})"))
}

/// How a finding's query says that its records name people, or show what is somebody's.
const NAMED: [&str; 3] =
    ["subject IS NOT NULL AND subject NOT LIKE 'credential:%'", "subject IS NOT NULL", "thing IS NOT NULL"];

/// The condition of [`flagged`], and beside records that name people those of a dataset or of things of people that name nobody: whoever reads people's pages somewhere at some
/// time is who reads lists of them there and then, and whom these show is not known.
pub fn reached(finding: &Finding) -> Option<String> {
    flagged(finding).map(|flagged| with_lists(&flagged))
}

fn with_lists(flagged: &str) -> String {
    // A client may call itself what is looked for here; a quote in a value stands twice.
    let is_outside =
        |at: usize| flagged.get(..at).is_some_and(|before| before.matches('\'').count() % 2 == 0);
    let find =
        |named: &'static str| Some((flagged.match_indices(named).find(|(at, _)| is_outside(*at))?.0, named));
    // What stands first is said of the records, what stands deeper of others.
    let first = NAMED.iter().filter_map(|named| find(named));
    let Some((at, named)) = first.min_by_key(|(at, named)| (*at, std::cmp::Reverse(named.len()))) else {
        return flagged.to_owned();
    };
    let (before, after) = flagged.split_at(at);
    let rest = after.strip_prefix(named).unwrap_or_default();
    format!("{before}({named} OR subject IS NULL AND (dataset IS NOT NULL OR thing IS NOT NULL)){rest}")
}

/// Who and what acts for one finding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hand {
    /// Principals.
    pub actors: BTreeSet<String>,
    /// Credentials.
    pub credentials: BTreeSet<String>,
    /// Addresses that the finding itself accuses.
    pub origins: BTreeSet<String>,
    /// What the finding named, before growth.
    pub seeds: BTreeSet<Entity>,
    /// Whether growth stopped at a limit.
    pub cut: bool,
    /// The finding's own condition on `access`, which says shorter which records are the hand's than so many credentials would.
    pub told: Option<String>,
}

impl Hand {
    /// The condition that selects the hand's records in a table.
    pub fn on(&self, table: Table) -> String {
        match (&self.told, table) {
            (Some(told), Table::Access) => told.clone(),
            // Elsewhere its credentials are not named; what names neither actor nor credential at its addresses is its.
            (Some(_), _) => format!(
                "(src_ip IN {} AND actor IS NULL AND credential IS NULL)",
                quote_all(self.origins.iter().map(String::as_str))
            ),
            (None, _) => self.condition(),
        }
    }

    /// The condition that selects the hand's records in `access` or `auth` by what it is known by.
    ///
    /// A principal or a credential is enough where the log names one; an address counts by itself only where it names neither.
    pub fn condition(&self) -> String {
        let mut any = Vec::new();
        if !self.actors.is_empty() {
            any.push(format!("actor IN {}", quote_all(self.actors.iter().map(String::as_str))));
        }
        if !self.credentials.is_empty() {
            any.push(format!("credential IN {}", quote_all(self.credentials.iter().map(String::as_str))));
        }
        if !self.origins.is_empty() {
            let from = format!("src_ip IN {}", quote_all(self.origins.iter().map(String::as_str)));
            let named = !(self.actors.is_empty() && self.credentials.is_empty());
            any.push(if named { format!("({from} AND actor IS NULL AND credential IS NULL)") } else { from });
        }
        if any.is_empty() { "false".to_owned() } else { format!("({})", any.join(" OR ")) }
    }

    /// Whether of two hands' principals, credentials or addresses the larger has nine in ten of the smaller's, and the smaller half of the
    /// larger's.
    pub fn nearly(&self, other: &Self) -> bool {
        let near = |one: &BTreeSet<String>, other: &BTreeSet<String>| {
            let (smaller, larger) = (one.len().min(other.len()), one.len().max(other.len()));
            let common = one.intersection(other).count();
            common > 0 && common * 10 >= smaller * 9 && common * 2 >= larger
        };
        near(&self.actors, &other.actors)
            || near(&self.credentials, &other.credentials)
            || near(&self.origins, &other.origins)
    }

    /// Whether nothing identifies the hand.
    pub fn is_empty(&self) -> bool {
        self.actors.is_empty() && self.credentials.is_empty() && self.origins.is_empty()
    }
}

/// The hand of a finding, grown over what records show it was issued or made and then used.
pub fn hand_of<'a>(session: &'a Session, finding: &'a Finding) -> BoxFuture<'a, Result<Hand, TraceError>> {
    Box::pin(async move {
        let mut hand = Hand { seeds: finding.entities.iter().cloned().collect(), ..Hand::default() };
        for entity in &finding.entities {
            let set = match entity.kind {
                EntityKind::Actor => &mut hand.actors,
                EntityKind::Credential => &mut hand.credentials,
                EntityKind::Origin => &mut hand.origins,
                _ => continue,
            };
            if set.len() < MEMBERS_MAX {
                set.insert(entity.value.clone());
            } else {
                hand.cut = true;
            }
        }
        if hand.actors.is_empty() && hand.credentials.len() > CREDENTIALS_NAMED_MAX {
            hand.told = reached(finding);
            if hand.told.is_some() {
                return Ok(hand);
            }
        }
        for _ in 0..DEPTH_MAX {
            if !grow(session, &mut hand).await? {
                return Ok(hand);
            }
        }
        hand.cut = true;
        Ok(hand)
    })
}

/// One step of growth; whether anything joined.
async fn grow(session: &Session, hand: &mut Hand) -> Result<bool, TraceError> {
    if hand.actors.is_empty() && hand.credentials.is_empty() {
        return Ok(false);
    }
    let by_hand = Hand { origins: BTreeSet::new(), ..hand.clone() }.condition();
    // Temporary credentials and keys issued to the hand, and who they act as once used. Mostly there are none, and few records are read.
    let issued = format!(
        "SELECT DISTINCT credential FROM auth WHERE {} AND activity IN ('issue', 'create') AND status_id = 1 AND credential IS NOT NULL",
        by_hand.replace("credential IN", "parent IN"),
    );
    let issued = session.sql(&issued).await?;
    let issued = quote_all(rows(&issued).filter_map(|r| r.text("credential")));
    let used = format!(
        "SELECT DISTINCT credential, actor FROM access WHERE credential IN {issued} \
         UNION SELECT DISTINCT parent AS credential, actor FROM auth WHERE parent IN {issued}"
    );
    let mut joined = false;
    for row in rows(&session.sql(&used).await?) {
        if let Some(credential) = row.text("credential") {
            joined |= hand.credentials.insert(credential.to_owned());
        }
        if let Some(actor) = row.text("actor") {
            joined |= hand.actors.insert(actor.to_owned());
        }
    }
    hand.cut |= hand.credentials.len() > MEMBERS_MAX;
    Ok(joined && !hand.cut)
}

#[cfg(test)]
mod tests {
    use super::with_lists;

    #[test]
    fn lists_are_asked_for_beside_pages_of_people() {
        let any = |named: &str| {
            format!("({named} OR subject IS NULL AND (dataset IS NOT NULL OR thing IS NOT NULL))")
        };
        let (person, holder) =
            ("subject IS NOT NULL AND subject NOT LIKE 'credential:%'", "subject IS NOT NULL");
        for named in [person, holder, "thing IS NOT NULL"] {
            let asked = with_lists(&format!("(src_ip = 'a' AND shown AND {named} AND day > 1)"));
            assert_eq!(asked, format!("(src_ip = 'a' AND shown AND {} AND day > 1)", any(named)));
        }
        let asked =
            with_lists(&format!("(shown AND {holder} AND a IN (SELECT a FROM access WHERE {person}))"));
        assert_eq!(
            asked,
            format!("(shown AND {} AND a IN (SELECT a FROM access WHERE {person}))", any(holder))
        );
        assert_eq!(with_lists("(actor = 'a')"), "(actor = 'a')");
        let client = "(user_agent IN ('it''s subject IS NOT NULL') AND shown AND ";
        assert_eq!(with_lists(&format!("{client}{holder})")), format!("{client}{})", any(holder)));
    }
}
