//! `guessing`: failed sign-ins by origin and account, and the success that follows.

use crate::{Context, DetectError, Detector, Draft, Info};
use futures::future::{BoxFuture, FutureExt};
use std::collections::BTreeMap;
use weir_lake::{quote, quote_all, rows};
use weir_model::words::count;
use weir_model::{Entity, EntityKind, Finding, Micros, Severity};

/// Sees password guessing, and tells it apart from a guess that was right.
#[derive(Clone, Copy, Debug)]
pub struct Guessing;

static INFO: Info = Info {
    name: "guessing",
    summary: "failed sign-ins by origin and account, and the success that follows",
    manual: "\
# What it sees

Failed sign-ins, counted by address and by account, over the whole period. An address guesses when it failed at least 10 times and
the share of its attempts that failed is at least nine in ten, or when it tried at least 5 different accounts without one success.
An account is guessed at by many when at least 10 addresses, each too quiet to count alone, failed on it.

Where a log says that a token was issued to somebody who signed in (`activity` `issue`, by any grant but `refresh_token` and
`client_credentials`; calls of AWS aside), that is a success as a sign-in is. A log that records both is counted by the more frequent.

A *success that follows*: an address that guesses signs in to an account it failed on, at least 10 failures after its last success.
People mistype: among addresses that do sign in, failures before a success are counted, and with them the chance `q` that an attempt
fails. The chance of `k` failures in a row before a success is `q^k` (geometric); that is the finding's `p_value`. `q` is estimated from all
other addresses that ever signed in, with one added failure and success (Laplace).

All guessing without success against one sensor is *one* finding of severity `low` (the internet guesses all the time) that lists every
address; a success that follows guessing is one `critical` finding per address and account.

# Why it matters

Guessing itself exposes nothing; the success does, and it is one line among thousands.

# Blind spots

Guessing spread so thin that each address fails once on accounts nobody else tries; guessing with a list of right passwords bought
elsewhere (one attempt, one success); sign-ins that the log does not tie to an address.

# References

ATT&CK T1110, T1110.001, T1110.003, T1078. Geometric tail: P(K >= k) = q^k.
",
    attack: &["T1078", "T1110", "T1110.001", "T1110.003"],
    records_only: false,
    budget_share: 0.0,
};

/// Failures from which an address guesses.
const FAILURES_MIN: u64 = 10;
/// Accounts from which an address without success guesses.
const ACCOUNTS_MIN: u64 = 5;
/// Quiet addresses from which an account is guessed at by many.
const ORIGINS_MIN: u64 = 10;

impl Detector for Guessing {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn run<'a>(&'a self, context: &'a Context<'a>) -> BoxFuture<'a, Result<Vec<Finding>, DetectError>> {
        find(context).boxed()
    }
}

/// One address's attempts on one sensor.
#[derive(Clone, Debug)]
struct Origin {
    sensor: String,
    address: String,
    failed: u64,
    succeeded: u64,
    accounts: u64,
    first: Micros,
    last: Micros,
}

impl Origin {
    fn guesses(&self) -> bool {
        let attempts = self.failed + self.succeeded;
        (self.failed >= FAILURES_MIN && self.failed * 10 >= attempts * 9)
            || (self.succeeded == 0 && self.accounts >= ACCOUNTS_MIN)
    }
}

impl Origin {
    /// Why it belongs to those that guess.
    fn reason(&self) -> String {
        format!(
            "{} failures on {} named accounts and {} sign-ins, from {} to {}",
            self.failed, self.accounts, self.succeeded, self.first, self.last
        )
    }
}

/// A sign-in attempt: a failed one may stand for several, and a success may be recorded as the issuance of a token.
const ATTEMPTS: &str = "(activity = 'logon' OR (activity = 'issue' AND status_id = 1 AND source <> 'aws_cloudtrail' \
    AND coalesce(auth_factor, '') NOT IN ('refresh_token', 'client_credentials'))) \
    AND status_id IS NOT NULL AND src_ip IS NOT NULL AND {span}";

async fn find(context: &Context<'_>) -> Result<Vec<Finding>, DetectError> {
    let query = format!(
        "SELECT sensor, src_ip, sum(CAST(CASE WHEN status_id = 2 THEN coalesce(\"count\", 1) ELSE 0 END AS DECIMAL(20, 0))) AS failed, \
         greatest(sum(CASE WHEN status_id = 1 AND activity = 'logon' THEN 1 ELSE 0 END), \
         sum(CASE WHEN activity = 'issue' THEN 1 ELSE 0 END)) AS succeeded, count(DISTINCT CASE WHEN status_id = 2 THEN \"user\" END) AS accounts, \
         min(time) AS first, max(time) AS last FROM auth WHERE {ATTEMPTS} GROUP BY 1, 2 ORDER BY 1, 2"
    );
    let answer = context.sql(&query).await?;
    let origins: Vec<Origin> = rows(&answer)
        .filter_map(|row| {
            Some(Origin {
                sensor: row.text("sensor")?.to_owned(),
                address: row.text("src_ip")?.to_owned(),
                failed: row.count("failed"),
                succeeded: row.count("succeeded"),
                accounts: row.count("accounts"),
                first: row.time("first")?,
                last: row.time("last")?,
            })
        })
        .collect();
    let mut findings = Vec::new();
    let mut by_sensor: BTreeMap<&str, Vec<&Origin>> = BTreeMap::new();
    for origin in origins.iter().filter(|o| o.guesses()) {
        by_sensor.entry(&origin.sensor).or_default().push(origin);
    }
    for (sensor, guessing) in &by_sensor {
        findings.extend(background(context, sensor, guessing).await?);
    }
    findings.extend(successes(context, &origins).await?);
    findings.extend(by_many(context, &origins).await?);
    Ok(findings)
}

/// All guessing against one sensor, as one finding.
async fn background(
    context: &Context<'_>,
    sensor: &str,
    guessing: &[&Origin],
) -> Result<Option<Finding>, DetectError> {
    let (Some(first), Some(last)) =
        (guessing.iter().map(|o| o.first).min(), guessing.iter().map(|o| o.last).max())
    else {
        return Ok(None);
    };
    let addresses = quote_all(guessing.iter().map(|o| o.address.as_str()));
    let condition =
        format!("{ATTEMPTS} AND status_id = 2 AND sensor = {} AND src_ip IN {addresses}", quote(sensor));
    let Some(evidence) = context.cite("auth", &condition).await? else { return Ok(None) };
    let failed = guessing.iter().fold(0_u64, |sum, o| sum.saturating_add(o.failed));
    let right = guessing.iter().filter(|o| o.succeeded > 0).count();
    let mut draft =
        Draft::new("guessing", Severity::Low, Entity::new(EntityKind::Sensor, sensor), (first, last))
            .raised(last);
    draft.title = format!(
        "{} addresses guessed passwords at {sensor}: {} failures",
        count(guessing.len() as u64),
        count(failed)
    );
    let outcome = match right {
        0 => "the log records no sign-in of any of them".to_owned(),
        n => format!("{n} of them also signed in; a success that follows guessing is a finding of its own"),
    };
    draft.explanation = format!(
        "Each failed at least {FAILURES_MIN} times with nine in ten attempts failing, or tried {ACCOUNTS_MIN} accounts without a success; {outcome}."
    );
    draft.attack = vec!["T1110".to_owned(), "T1110.001".to_owned()];
    let addresses =
        guessing.iter().map(|o| (Entity::new(EntityKind::Origin, o.address.as_str()), o.reason()));
    let draft = draft
        .because(addresses)
        .measure("failures", failed as f64, None)
        .measure("origins", guessing.len() as f64, None)
        .measure("origins_that_signed_in", right as f64, None);
    Ok(Some(draft.finish(evidence, context.snapshot.versions())))
}

/// Successes after at least [`FAILURES_MIN`] failures in a row, from the same address on the same account.
async fn successes(context: &Context<'_>, origins: &[Origin]) -> Result<Vec<Finding>, DetectError> {
    let suspects: Vec<&Origin> =
        origins.iter().filter(|o| o.succeeded > 0 && o.failed >= FAILURES_MIN).collect();
    let mut findings = Vec::new();
    for origin in suspects {
        let query = format!(
            "SELECT time, \"user\" AS account, status_id, coalesce(\"count\", 1) AS n FROM auth WHERE {ATTEMPTS} AND src_ip = {} \
             AND sensor = {} ORDER BY time, file, line, \"offset\"",
            quote(&origin.address),
            quote(&origin.sensor)
        );
        let answer = context.sql(&query).await?;
        let mut runs: BTreeMap<String, (u64, Micros)> = BTreeMap::new();
        for row in rows(&answer) {
            let (Some(time), account) = (row.time("time"), row.text("account").unwrap_or_default()) else {
                continue;
            };
            let run = runs.entry(account.to_owned()).or_insert((0, time));
            if row.int("status_id") == Some(2) {
                *run = (run.0.saturating_add(row.count("n").max(1)), if run.0 == 0 { time } else { run.1 });
                continue;
            }
            let (failures, since) = std::mem::replace(run, (0, time));
            if failures >= FAILURES_MIN {
                let chance = chance_of_failing(origins, &origin.address);
                findings.extend(success(context, origin, account, failures, (since, time), chance).await?);
            }
        }
    }
    Ok(findings)
}

/// The chance that an attempt of somebody who does know a password fails.
fn chance_of_failing(origins: &[Origin], but: &str) -> f64 {
    let honest = origins.iter().filter(|o| o.succeeded > 0 && o.address != but && !o.guesses());
    let (failed, succeeded) =
        honest.fold((1_u64, 1_u64), |(f, s), o| (f.saturating_add(o.failed), s.saturating_add(o.succeeded)));
    failed as f64 / (failed as f64 + succeeded as f64)
}

async fn success(
    context: &Context<'_>,
    origin: &Origin,
    account: &str,
    failures: u64,
    seen: (Micros, Micros),
    chance: f64,
) -> Result<Option<Finding>, DetectError> {
    let condition = format!(
        "{ATTEMPTS} AND src_ip = {} AND sensor = {} AND \"user\" = {} AND time >= TIMESTAMP '{}' AND time <= TIMESTAMP '{}'",
        quote(&origin.address),
        quote(&origin.sensor),
        quote(account),
        seen.0,
        seen.1
    );
    let Some(evidence) = context.cite("auth", &condition).await? else { return Ok(None) };
    let mut draft =
        Draft::new("guessing", Severity::Critical, Entity::new(EntityKind::Origin, &origin.address), seen)
            .raised(seen.1);
    draft.identity.extend([origin.sensor.clone(), account.to_owned(), seen.1.to_string()]);
    draft.title = format!("{} signed in as {account} after {failures} failures in a row", origin.address);
    draft.explanation = format!(
        "At {} the address was let in as {account} after {failures} failures without a success between. Other addresses that sign in fail with \
         chance {chance:.3} an attempt; so many in a row before a success arise by chance {chance:.3}^{failures} (geometric model).",
        origin.sensor
    );
    draft.p_value = Some(chance.powf(failures as f64));
    draft.attack = vec!["T1110".to_owned(), "T1110.001".to_owned(), "T1078".to_owned()];
    let draft = draft
        .members([Entity::new(EntityKind::Actor, account), Entity::new(EntityKind::Sensor, &origin.sensor)])
        .measure("failures", failures as f64, Some(chance / (1.0 - chance).max(f64::MIN_POSITIVE)));
    Ok(Some(draft.finish(evidence, context.snapshot.versions())))
}

/// Accounts that many quiet addresses failed on.
async fn by_many(context: &Context<'_>, origins: &[Origin]) -> Result<Vec<Finding>, DetectError> {
    let loud = quote_all(origins.iter().filter(|o| o.guesses()).map(|o| o.address.as_str()));
    let quiet = format!(
        "{ATTEMPTS} AND status_id = 2 AND \"user\" IS NOT NULL AND (src_ip NOT IN {loud} OR {})",
        loud == "(NULL)"
    );
    let query = format!(
        "SELECT sensor, \"user\" AS account, count(DISTINCT src_ip) AS origins, sum(CAST(coalesce(\"count\", 1) AS DECIMAL(20, 0))) AS failed, \
         array_agg(DISTINCT src_ip) AS addresses, min(time) AS first, max(time) AS last FROM auth WHERE {quiet} GROUP BY 1, 2 \
         HAVING count(DISTINCT src_ip) >= {ORIGINS_MIN} ORDER BY 1, 2"
    );
    let answer = context.sql(&query).await?;
    let mut findings = Vec::new();
    for row in rows(&answer) {
        let (Some(sensor), Some(account)) = (row.text("sensor"), row.text("account")) else { continue };
        let (Some(first), Some(last)) = (row.time("first"), row.time("last")) else { continue };
        let condition = format!("{quiet} AND sensor = {} AND \"user\" = {}", quote(sensor), quote(account));
        let Some(evidence) = context.cite("auth", &condition).await? else { continue };
        let mut draft =
            Draft::new("guessing", Severity::Low, Entity::new(EntityKind::Actor, account), (first, last))
                .raised(last);
        draft.identity.push(sensor.to_owned());
        draft.title =
            format!("{} quiet addresses guessed the password of {account} at {sensor}", row.count("origins"));
        draft.explanation = format!(
            "{} failures on one account from addresses of which none failed often enough to be reported alone.",
            row.count("failed")
        );
        draft.attack = vec!["T1110".to_owned(), "T1110.003".to_owned()];
        let addresses = row.texts("addresses").into_iter().map(|a| Entity::new(EntityKind::Origin, a));
        let draft = draft.members(addresses).measure("origins", row.count("origins") as f64, None).measure(
            "failures",
            row.count("failed") as f64,
            None,
        );
        findings.push(draft.finish(evidence, context.snapshot.versions()));
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(failed: u64, succeeded: u64, accounts: u64) -> Origin {
        let at = Micros(0);
        Origin {
            sensor: "s".into(),
            address: format!("{failed}.{succeeded}"),
            failed,
            succeeded,
            accounts,
            first: at,
            last: at,
        }
    }

    #[test]
    fn people_who_mistype_do_not_guess() {
        assert!(!origin(3, 1, 1).guesses());
        assert!(!origin(20, 10, 1).guesses());
        assert!(origin(10, 0, 1).guesses());
        assert!(origin(5, 0, 5).guesses());
    }

    #[test]
    fn the_chance_of_failing_comes_from_others_who_sign_in() {
        let all = [origin(1, 9, 1), origin(500, 1, 3), origin(4, 4, 1)];
        let chance = chance_of_failing(&all, "4.4");
        assert!((chance - 2.0 / 12.0).abs() < 1e-12, "{chance}");
    }
}
