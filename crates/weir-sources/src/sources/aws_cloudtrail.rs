//! AWS CloudTrail: what was called in an AWS account, by whom, from where.
//!
//! Decisive choice: what issues or changes a credential or an account goes to `auth`, every other call to `access`; an `AssumeRole`
//! is an issuance and the key id it returns is the credential of later calls, so use joins to issue.
//!
//! What this source refuses: digest files, Insights (statements about other events, not events), and S3 event notifications.

mod activity;
mod auth;
mod event;
mod identity;
mod outcome;
mod resource;
#[cfg(test)]
mod tests;

use crate::instant::instant;
use crate::json::{Object, Raw, first_objects, integer, scrubbed};
use crate::secrets::{Clean, Fingerprints};
use crate::source::{At, FileOptions, Framing, Head, Info, Outcome, Parser, Source, Sure, in_range, lossy};
use event::Event;
use identity::Caller;
use jiff::tz::TimeZone;
use std::borrow::Cow;
use weir_model::{Access, Auth, Common, Micros, Records, Table, TimeBasis};

/// The source.
pub struct AwsCloudtrail;

static INFO: Info = Info {
    name: "aws_cloudtrail",
    summary: "AWS CloudTrail events: API calls, sign-ins and service events.",
    manual: include_str!("aws_cloudtrail/manual.md"),
    tables: &[Table::Access, Table::Auth],
};

impl Source for AwsCloudtrail {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn framing(&self) -> Framing {
        Framing::Json { array_key: Some("Records") }
    }

    fn recognise(&self, head: &Head<'_>) -> Sure {
        let text = String::from_utf8_lossy(head.bytes);
        let first = first_objects(&text, Some("Records"), 4);
        if first.is_empty() {
            return of_cut_head(&text);
        }
        first.iter().map(|object| sure_of(object, 3)).max().unwrap_or(Sure::No)
    }

    fn parser(&self, _: &Head<'_>, options: &FileOptions) -> Box<dyn Parser> {
        Box::new(CloudtrailParser {
            fingerprints: options.fingerprints.clone(),
            clean: Clean::default(),
            zone: options.time_zone.clone(),
            sensor: None,
        })
    }
}

/// How sure one object is an event, or wraps one.
fn sure_of(object: &Object<'_>, wrapped: usize) -> Sure {
    if let Some(insight) = object.get("insightDetails") {
        return if insight.get().starts_with('{') { Sure::Certain } else { Sure::No };
    }
    if let (Some(source), true) = (object.text("eventSource"), object.get("eventName").is_some()) {
        let marks = ["eventVersion", "userIdentity", "awsRegion", "eventType"];
        let found = marks.iter().filter(|m| object.get(m).is_some()).count();
        return match source.ends_with(".amazonaws.com") {
            true if found >= 3 => Sure::Certain,
            true if found >= 1 => Sure::Likely,
            _ => Sure::No,
        };
    }
    let inner = event::WRAPPERS.iter().find_map(|name| object.get(name));
    let (Some(raw), true) = (inner, wrapped > 0) else { return Sure::No };
    let text = crate::json::text(raw).unwrap_or(Cow::Borrowed(raw.get()));
    Object::parse(text.trim()).map_or(Sure::No, |o| sure_of(&o, wrapped - 1))
}

/// A first event longer than the head: judged by its words.
fn of_cut_head(text: &str) -> Sure {
    let opens = text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '[']);
    let marks = ["eventSource", "eventName", "awsRegion", "userIdentity", ".amazonaws.com"];
    match opens && marks.iter().all(|m| text.contains(m)) {
        true => Sure::Likely,
        false => Sure::No,
    }
}

struct CloudtrailParser {
    fingerprints: Fingerprints,
    clean: Clean,
    zone: Option<TimeZone>,
    sensor: Option<String>,
}

impl Parser for CloudtrailParser {
    fn record(&mut self, at: At, bytes: &[u8], out: &mut Records) -> Outcome {
        let text = lossy(bytes);
        let outcome = event::unwrapped(text.trim(), |top| self.event(at, top, out));
        outcome.unwrap_or(Outcome::Rejected("not a JSON object"))
    }

    fn sensor(&self) -> Option<String> {
        self.sensor.clone()
    }
}

impl CloudtrailParser {
    fn event(&mut self, at: At, top: Object<'_>, out: &mut Records) -> Outcome {
        if top.get("insightDetails").is_some() {
            return Outcome::Rejected("insight, no event");
        }
        let Some(event) = Event::of(top) else { return Outcome::Rejected("not a CloudTrail event") };
        let Some(when) = event.top.text("eventTime").or_else(|| event.top.text("@timestamp")) else {
            return Outcome::Rejected("no event time");
        };
        let Some(time) = instant(&when, self.zone.as_ref()) else {
            return Outcome::Rejected("unreadable event time");
        };
        if let Err(reason) = in_range(time.0) {
            return Outcome::Rejected(reason);
        }
        let caller = Caller::of(&event);
        if self.sensor.is_none() {
            let region = event.top.text("awsRegion");
            let parts = [caller.account.as_deref(), region.as_deref()].map(|p| p.unwrap_or("unknown"));
            self.sensor = Some(format!("aws_cloudtrail:{}", parts.join(":")));
        }
        match auth::meaning(&event) {
            Some(meaning) => self.auth(at, time, &event, &caller, meaning, out),
            None => self.access(at, time, &event, &caller, out),
        }
        Outcome::Parsed
    }

    /// What the event sent and got, cleaned: parameters, and for a service event its details.
    fn exchange(&mut self, event: &Event<'_>) -> (Option<String>, Option<String>) {
        let sent = event.top.get("requestParameters").or_else(|| event.top.get("serviceEventDetails"));
        let got = event.top.get("responseElements");
        let mut clean = |raw: Option<Raw<'_>>| scrubbed(raw?, &self.fingerprints, &mut self.clean);
        (clean(sent), clean(got))
    }

    fn cleaned<'t>(&mut self, text: Option<&'t str>) -> Option<Cow<'t, str>> {
        text.map(|text| self.clean.scrub(&self.fingerprints, text))
    }

    fn access(
        &mut self,
        at: At,
        time: (Micros, TimeBasis),
        event: &Event<'_>,
        caller: &Caller<'_>,
        out: &mut Records,
    ) {
        let ending = outcome::of(event);
        let common = Shared::of(event);
        let (request, response) = self.exchange(event);
        let resource = resource::of(event);
        let id = self.cleaned(resource.as_ref().map(|r| r.id.as_ref()));
        let detail = self.cleaned(ending.detail.as_deref());
        let agent = event.top.text("userAgent");
        let user_agent = self.cleaned(agent.as_deref());
        let host =
            event.top.text_at("tlsDetails.clientProvidedHostHeader").or_else(|| event.request.text("Host"));
        let row = Access {
            hostname: host.as_deref(),
            user_agent: user_agent.as_deref(),
            actor_issuer: caller.issuer.as_deref(),
            credential: caller.credential.as_deref(),
            service: common.service.as_deref(),
            operation: Some(&event.operation),
            resource: id.as_deref(),
            resource_type: resource.as_ref().and_then(|r| r.kind.as_deref()),
            account: caller.account.as_deref(),
            region: common.region.as_deref(),
            bytes_out: event.extra.get("bytesTransferredOut").and_then(integer),
            bytes_in: event.extra.get("bytesTransferredIn").and_then(integer),
            status_detail: detail.as_deref(),
            request: request.as_deref(),
            response: response.as_deref(),
            ..Access::default()
        };
        let activity = activity::of_access(&event.operation, event.read_only());
        out.access(time, &common.row(at, class_of_access(event), activity, caller, &ending), &row);
    }

    fn auth(
        &mut self,
        at: At,
        time: (Micros, TimeBasis),
        event: &Event<'_>,
        caller: &Caller<'_>,
        meaning: auth::Meaning,
        out: &mut Records,
    ) {
        let ending = outcome::of(event);
        let common = Shared::of(event);
        let (request, response) = self.exchange(event);
        let grant = auth::grant(event, meaning, caller);
        let detail = self.cleaned(ending.detail.as_deref());
        let agent = event.top.text("userAgent");
        let user_agent = self.cleaned(agent.as_deref());
        let row = Auth {
            user: grant.user.as_deref(),
            credential: grant.credential.as_deref(),
            credential_type: meaning.credential_type,
            expires: grant.expires.as_deref(),
            parent: grant.parent.as_deref(),
            granted: grant.granted.as_deref(),
            client_uid: grant.client_uid.as_deref(),
            actor_issuer: caller.issuer.as_deref(),
            auth_protocol: Some(meaning.protocol),
            auth_factor: grant.factor.as_deref(),
            service: common.service.as_deref(),
            operation: Some(&event.operation),
            user_agent: user_agent.as_deref(),
            account: caller.account.as_deref(),
            region: common.region.as_deref(),
            status_detail: detail.as_deref(),
            request: request.as_deref(),
            response: response.as_deref(),
            ..Auth::default()
        };
        out.auth(time, &common.row(at, meaning.class_uid, meaning.activity, caller, &ending), &row);
    }
}

/// 6005 for rows of a database, 6003 for every other call.
fn class_of_access(event: &Event<'_>) -> i32 {
    const ROWS: [&str; 14] = [
        "BatchExecuteStatement",
        "BatchGetItem",
        "BatchWriteItem",
        "DeleteItem",
        "ExecuteStatement",
        "ExecuteTransaction",
        "GetItem",
        "GetQueryResults",
        "PutItem",
        "Query",
        "Scan",
        "StartQueryExecution",
        "TransactGetItems",
        "UpdateItem",
    ];
    let database =
        matches!(event.service.as_ref(), "dynamodb" | "rds-data" | "redshift-data" | "athena" | "timestream");
    if database && ROWS.contains(&event.operation.as_ref()) { 6005 } else { 6003 }
}

/// Texts that both tables hold.
struct Shared<'a> {
    service: Option<Cow<'a, str>>,
    region: Option<Cow<'a, str>>,
    source_ip: Option<Cow<'a, str>>,
    event_uid: Option<Cow<'a, str>>,
}

impl<'a> Shared<'a> {
    fn of(event: &Event<'a>) -> Self {
        Self {
            service: event.top.text("eventSource"),
            region: event.top.text("awsRegion"),
            source_ip: event.top.text("sourceIPAddress"),
            event_uid: event.top.text("eventID"),
        }
    }

    fn row<'r>(
        &'r self,
        at: At,
        class_uid: i32,
        activity: &'r str,
        caller: &'r Caller<'_>,
        ending: &'r outcome::Ending<'_>,
    ) -> Common<'r> {
        Common {
            class_uid: Some(class_uid),
            activity: Some(activity),
            status_id: ending.status_id,
            status_code: ending.code.as_deref(),
            actor: caller.name.as_deref(),
            actor_type: caller.kind.as_deref(),
            src_ip: self.source_ip.as_deref(),
            event_uid: self.event_uid.as_deref(),
            line: Some(at.line),
            offset: Some(at.offset),
        }
    }
}
