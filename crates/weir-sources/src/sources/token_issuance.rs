//! Token issuance: what an identity provider says of sign-ins and of the tokens and sessions it handed out.
//!
//! Decisive choice: the token's id, session id or token goes through [`crate::secrets::credential`], as the web log's does, so that a
//! session in use which nobody issued stands out by an anti-join. Providers are data ([`profile`]); any other log is read by the
//! names in common use or by a configured field map.
//!
//! What this source refuses: web access lines (a method and a path), and guessing an outcome that neither type nor fields state.

mod kind;
mod profile;
#[cfg(test)]
mod tests;

use crate::instant::instant;
use crate::json::{Object, first_objects, text};
use crate::secrets::credential;
use crate::source::{At, FileOptions, Framing, Head, Info, Outcome, Parser, Source, Sure, in_range, lossy};
use kind::Kind;
use profile::{GENERIC, Profile};
use std::borrow::Cow;
use weir_model::record::{STATUS_FAILURE, STATUS_SUCCESS};
use weir_model::{Auth, Common, Micros, Records, Table};

/// The source.
pub struct TokenIssuance;

static INFO: Info = Info {
    name: "token_issuance",
    summary: "Sign-ins and issued tokens, as JSON from an identity provider (OIDC, Keycloak, Auth0, Okta, Entra ID).",
    manual: include_str!("token_issuance/manual.md"),
    tables: &[Table::Auth],
};

/// Names under which log streams wrap an event.
const WRAPPERS: [&str; 4] = ["log", "data", "_source", "event"];

impl Source for TokenIssuance {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn framing(&self) -> Framing {
        Framing::Json { array_key: None }
    }

    fn recognise(&self, head: &Head<'_>) -> Sure {
        let text = String::from_utf8_lossy(head.bytes);
        let first = first_objects(&text, None, 8);
        let sure: Vec<Sure> = first
            .iter()
            .map(|object| unwrapped(object).map_or_else(|| sure_of(object), |o| sure_of(&o)))
            .collect();
        let fitting = sure.iter().filter(|s| **s > Sure::No).count();
        if fitting * 2 <= sure.len() { Sure::No } else { sure.into_iter().max().unwrap_or(Sure::No) }
    }

    fn parser(&self, _: &Head<'_>, options: &FileOptions) -> Box<dyn Parser> {
        Box::new(IssuanceParser { options: options.clone(), sensor: None })
    }
}

/// What a stream's wrapper holds.
fn unwrapped<'a>(object: &Object<'a>) -> Option<Object<'a>> {
    if profile::of(object).is_some() || first_of(object, GENERIC.paths_of("operation")).is_some() {
        return None;
    }
    WRAPPERS.iter().map(|name| object.object(name)).find(|inner| !inner.is_empty())
}

fn first_of<'a>(object: &Object<'a>, paths: &[&'static str]) -> Option<(&'static str, Cow<'a, str>)> {
    paths.iter().find_map(|path| Some((*path, object.text_at(path)?)))
}

fn sure_of(object: &Object<'_>) -> Sure {
    if profile::of(object).is_some() {
        return Sure::Certain;
    }
    let any = |names: &[&str]| names.iter().any(|n| object.get(n).is_some());
    let web = any(&["method", "http_method", "request_method", "verb"])
        && any(&["path", "uri", "url", "request_uri", "request"]);
    let typed = first_of(object, GENERIC.paths_of("operation"))
        .is_some_and(|(_, name)| kind::of_words(&name).is_some());
    let timed =
        first_of(object, GENERIC.paths_of("time")).is_some_and(|(_, at)| instant(&at, None).is_some());
    let someone = ["user", "client_uid"].iter().any(|c| first_of(object, GENERIC.paths_of(c)).is_some());
    if web || any(&["eventSource"]) || !(typed && timed && someone) {
        return Sure::No;
    }
    if any(&["jti", "kid", "grant_type", "grantType", "token_id"]) { Sure::Certain } else { Sure::Likely }
}

struct IssuanceParser {
    options: FileOptions,
    sensor: Option<String>,
}

impl Parser for IssuanceParser {
    fn record(&mut self, at: At, bytes: &[u8], out: &mut Records) -> Outcome {
        let text = lossy(bytes);
        let Some(outer) = Object::parse(text.trim()) else { return Outcome::Rejected("not a JSON object") };
        let object = unwrapped(&outer).unwrap_or(outer);
        let profile = profile::of(&object).unwrap_or(&GENERIC);
        let record = Record { object, profile, options: &self.options };
        if self.sensor.is_none() {
            self.sensor = record
                .text("service")
                .or_else(|| record.text("account"))
                .map(|name| format!("token_issuance:{name}"));
        }
        record.push(at, out).map_or_else(Outcome::Rejected, |()| Outcome::Parsed)
    }

    fn sensor(&self) -> Option<String> {
        self.sensor.clone()
    }
}

/// One event and how to read it.
struct Record<'a, 'o> {
    object: Object<'a>,
    profile: &'static Profile,
    options: &'o FileOptions,
}

impl<'a> Record<'a, '_> {
    /// A column's text: where the configuration says, else where the provider writes it. The path found comes with it.
    fn field(&self, column: &str) -> Option<(Cow<'_, str>, Cow<'a, str>)> {
        if let Some(path) = self.options.fields.get(column) {
            return Some((Cow::Borrowed(path.as_str()), self.object.path(path).and_then(text)?));
        }
        first_of(&self.object, self.profile.paths_of(column))
            .map(|(path, found)| (Cow::Borrowed(path), found))
    }

    fn text(&self, column: &str) -> Option<Cow<'a, str>> {
        self.field(column).map(|(_, found)| found)
    }

    fn clean(&self, column: &str) -> Option<String> {
        self.text(column).map(|found| self.options.fingerprints.scrub(&found).into_owned())
    }

    fn kind(&self, operation: &str) -> Kind {
        let known = match self.profile.name {
            "auth0" => kind::of_auth0(operation),
            _ => kind::of_words(operation),
        };
        known.unwrap_or(Kind { class_uid: None, activity: "other", succeeded: None })
    }

    /// Whether it succeeded: an error or the outcome's word, else the type. Keycloak gives every failure a type of its own.
    fn succeeded(&self, kind: Kind, error: Option<&str>) -> Option<bool> {
        if error.is_some() {
            return Some(false);
        }
        let said = self.text("outcome").and_then(|word| kind::outcome(&word));
        said.or(kind.succeeded).or((self.profile.name == "keycloak").then_some(true))
    }

    fn push(&self, at: At, out: &mut Records) -> Result<(), &'static str> {
        let operation =
            self.text("operation").or(self.profile.operation.map(Cow::Borrowed)).ok_or("no event type")?;
        let when = self.text("time").ok_or("no event time")?;
        let time = instant(&when, self.options.time_zone.as_ref()).ok_or("unreadable event time")?;
        in_range(time.0)?;
        let kind = self.kind(&operation);
        let error = self.text("error");
        let succeeded = self.succeeded(kind, error.as_deref());
        let failed = succeeded == Some(false);
        let code = error.or_else(|| self.text("outcome").filter(|_| failed));
        let client = self.text("client_uid");
        let [user, actor, actor_type] = self.who(kind, client.as_ref());
        let (token, parent) = self.credentials(kind);
        let expires = self.expires(time.0);
        let (user_agent, detail) = (self.clean("user_agent"), self.clean("status_detail").filter(|_| failed));
        let rest = [
            "key_uid",
            "granted",
            "auth_factor",
            "service",
            "hostname",
            "account",
            "region",
            "src_ip",
            "event_uid",
        ];
        let [key_uid, granted, auth_factor, service, hostname, account, region, src_ip, event_uid] =
            rest.map(|c| self.text(c));
        let configured_type = self.text("credential_type");
        let protocol = self.text("auth_protocol");
        let common = Common {
            class_uid: kind.class_uid,
            activity: Some(kind.activity),
            status_id: succeeded.map(|s| if s { STATUS_SUCCESS } else { STATUS_FAILURE }),
            status_code: code.as_deref(),
            actor: actor.as_deref(),
            actor_type: actor_type.as_deref(),
            src_ip: src_ip.as_deref(),
            event_uid: event_uid.as_deref(),
            line: Some(at.line),
            offset: Some(at.offset),
        };
        let row = Auth {
            user: user.as_deref(),
            credential: token.as_ref().map(|t| t.0.as_str()),
            credential_type: configured_type.as_deref().or(token.as_ref().map(|t| t.1)),
            key_uid: key_uid.as_deref(),
            expires: expires.as_deref(),
            parent: parent.as_deref(),
            granted: granted.as_deref(),
            client_uid: client.as_deref(),
            auth_protocol: protocol.as_deref().or(Some("oidc")),
            auth_factor: auth_factor.as_deref(),
            service: service.as_deref().or(self.profile.service()),
            operation: Some(&operation),
            hostname: hostname.as_deref(),
            user_agent: user_agent.as_deref(),
            account: account.as_deref(),
            region: region.as_deref(),
            status_detail: detail.as_deref(),
            ..Auth::default()
        };
        out.auth(time, &common, &row);
        Ok(())
    }

    /// The account it is about, who acted and what kind of actor that is. A client without a user acts for itself.
    fn who(&self, kind: Kind, client: Option<&Cow<'a, str>>) -> [Option<Cow<'a, str>>; 3] {
        let user = self.text("user");
        let actor = self.text("actor").or_else(|| client.cloned());
        let actor_type = self.text("actor_type").or(match (&user, client) {
            (Some(_), _) => Some(Cow::Borrowed("User")),
            (None, Some(_)) => Some(Cow::Borrowed("Client")),
            (None, None) => None,
        });
        let changed = (kind.class_uid == Some(3001)).then(|| self.target("user")).flatten();
        [changed.and_then(|t| t.text("alternateId")).or(user), actor, actor_type]
    }

    /// Okta's target of this type.
    fn target(&self, part: &str) -> Option<Object<'a>> {
        if self.profile.name != "okta" {
            return None;
        }
        let mut targets = self.object.list("target").into_iter().filter_map(|raw| Object::parse(raw.get()));
        let is = |t: &Object<'_>| t.text("type").is_some_and(|kind| kind.to_ascii_lowercase().contains(part));
        targets.find(is)
    }

    /// The credential with what it is, by the name of its field, and the one it was made from. What Okta hands out is a target; the
    /// session it names beside is the one that asked.
    fn credentials(&self, kind: Kind) -> (Option<(String, &'static str)>, Option<String>) {
        let print = |raw: Cow<'_, str>| credential(&self.options.fingerprints, &raw);
        let found = self.field("credential").map(|(path, raw)| {
            let name = path.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
            let session = name.contains("session") || name == "sid";
            (print(raw), if session { "session" } else { "access_token" })
        });
        if self.profile.name == "okta" && kind.class_uid == Some(3003) {
            let issued =
                self.target("token").and_then(|t| t.text("id")).map(|id| (print(id), "access_token"));
            return (issued, found.map(|(session, _)| session));
        }
        let parent = self.text("parent").map(print).filter(|p| found.as_ref().is_none_or(|f| f.0 != *p));
        (found, parent)
    }

    fn expires(&self, issued: Micros) -> Option<String> {
        if let Some(stated) = self.text("expires") {
            return instant(&stated, self.options.time_zone.as_ref()).map(|(at, _)| at.to_string());
        }
        let seconds: i64 = self.text("expires_in")?.parse().ok()?;
        let at = Micros(issued.0.checked_add(seconds.checked_mul(1_000_000)?)?);
        in_range(at).ok().map(|at| at.to_string())
    }
}
