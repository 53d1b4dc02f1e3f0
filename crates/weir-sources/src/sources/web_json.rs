//! Web access logs as JSON objects. The manual page is `web_json.md`.

mod names;
mod values;

use crate::instant::instant;
use crate::json::{Object, Raw, first_texts, items, text};
use crate::secrets::{Clean, credential as credential_print};
use crate::source::{At, FileOptions, Framing, Head, Info, Outcome, Parser, Source, Sure, in_range, lossy};
use crate::web::{ClfClock, Hit, Request, behind_proxy, without_port};
use names::{Field, Found, Known};
use std::borrow::Cow;
use values::{bytes_of, duration_us, kid_of, secret_of};
use weir_model::record::{Basis, Subject};
use weir_model::{Access, Common, Micros, Records, Table, TimeBasis};

static INFO: Info = Info {
    name: "web_json",
    summary: "web access logs as JSON: nginx, Caddy, Traefik, Envoy, applications; other field names by configuration",
    manual: include_str!("web_json.md"),
    tables: &[Table::Access],
};

const NO_OBJECT: &str = "not a JSON object";
const NO_TIME: &str = "no time stamp";
const BAD_TIME: &str = "time stamp not understood";
const NO_REQUEST: &str = "neither method, path nor request line";

/// The source.
pub struct WebJson;

impl Source for WebJson {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn framing(&self) -> Framing {
        Framing::Json { array_key: None }
    }

    fn recognise(&self, head: &Head<'_>) -> Sure {
        let text = String::from_utf8_lossy(head.bytes);
        let objects = first_texts(&text, None, 20);
        let mut known = Known::default();
        let found = objects.iter().filter_map(|object| Found::of(object.get(), &mut known));
        let ours = found.filter(is_access).count();
        // Other logs have a method and an address too (Zeek's http, a proxy's audit): their own sources are surer.
        if ours > 0 && ours * 2 >= objects.len() { Sure::Maybe } else { Sure::No }
    }

    fn parser(&self, _: &Head<'_>, options: &FileOptions) -> Box<dyn Parser> {
        let mut configured = Vec::new();
        let mut subjects = Vec::new();
        for (column, path) in &options.fields {
            match (column.strip_prefix("subject."), Field::of_column(column)) {
                (Some(namespace), _) => subjects.push((namespace.to_owned(), path.clone())),
                (None, Some(field)) => configured.push((field, path.clone())),
                (None, None) => {}
            }
        }
        Box::new(JsonAccess {
            clock: ClfClock::default(),
            clean: Clean::default(),
            known: Known::default(),
            configured,
            subjects,
            options: options.clone(),
        })
    }
}

/// An access has a time, a status, a client, and something asked.
fn is_access(found: &Found<'_>) -> bool {
    let has = |field| found.get(field).is_some();
    let asked = has(Field::Line) || (has(Field::Method) && has(Field::Uri));
    has(Field::Time) && has(Field::Status) && has(Field::SrcIp) && asked
}

struct JsonAccess {
    clock: ClfClock,
    clean: Clean,
    known: Known,
    configured: Vec<(Field, String)>,
    subjects: Vec<(String, String)>,
    options: FileOptions,
}

impl Parser for JsonAccess {
    fn record(&mut self, at: At, bytes: &[u8], out: &mut Records) -> Outcome {
        let line = lossy(bytes);
        let Some(mut found) = Found::of(&line, &mut self.known) else { return Outcome::Rejected(NO_OBJECT) };
        let is_configured = !(self.configured.is_empty() && self.subjects.is_empty());
        let object = is_configured.then(|| Object::parse(&line)).flatten().unwrap_or_default();
        for (field, path) in &self.configured {
            found.set(*field, object.path(path));
        }
        match self.push(at, &object, &found, out) {
            Ok(()) => Outcome::Parsed,
            Err(reason) => Outcome::Rejected(reason),
        }
    }
}

impl JsonAccess {
    fn push(
        &mut self,
        at: At,
        object: &Object<'_>,
        found: &Found<'_>,
        out: &mut Records,
    ) -> Result<(), &'static str> {
        let field = |f: Field| found.get(f).and_then(scalar);
        let time = self.time(&field(Field::Time).ok_or(NO_TIME)?).ok_or(BAD_TIME)?;
        in_range(time.0)?;
        let line = field(Field::Line);
        let split = line.as_deref().map(Request::parse).unwrap_or_default();
        let (method, uri, protocol) = (field(Field::Method), field(Field::Uri), field(Field::Protocol));
        let request = Request {
            method: method.as_deref().or(split.method),
            target: uri.as_deref().or(split.target),
            protocol: protocol.as_deref().or(split.protocol),
        };
        if request.method.is_none() && request.target.is_none() && line.is_none() {
            return Err(NO_REQUEST);
        }
        let prints = &self.options.fingerprints;
        let (peer, forwarded) = (field(Field::SrcIp), field(Field::Forwarded));
        let peer = peer.as_deref().map(without_port);
        let credential = field(Field::Credential)
            .and_then(|c| secret_of(&c).map(|s| (credential_print(prints, s), kid_of(s))));
        let (credential, signer) = credential.map_or((None, None), |(print, kid)| (Some(print), kid));
        let kid = field(Field::KeyUid);
        let host = field(Field::Hostname);
        let [agent, referrer, status, query, actor, actor_type, uid, detail, resource, operation, account] =
            [
                Field::UserAgent,
                Field::Referrer,
                Field::Status,
                Field::Query,
                Field::Actor,
                Field::ActorType,
                Field::EventUid,
                Field::Detail,
                Field::Resource,
                Field::Operation,
                Field::Account,
            ]
            .map(field);
        let ids: Vec<_> = self
            .subjects
            .iter()
            .flat_map(|(n, path)| object.texts_at(path).into_iter().map(move |id| (n, id)))
            .collect();
        let people: Vec<_> =
            ids.iter().map(|(namespace, id)| Subject { namespace, id, basis: Basis::Named }).collect();
        let hit = Hit {
            request,
            query: query.as_deref().map(|q| q.strip_prefix('?').unwrap_or(q)),
            status: status.as_deref(),
            detail: detail.as_deref().or(line.as_deref().filter(|_| request.method.is_none())),
            referrer: referrer.as_deref(),
            user_agent: agent.as_deref(),
            common: Common {
                actor: actor.as_deref(),
                actor_type: actor_type.as_deref(),
                src_ip: forwarded.as_deref().map_or(peer, |list| behind_proxy(peer, list)),
                event_uid: uid.as_deref(),
                line: Some(at.line),
                offset: Some(at.offset),
                ..Common::default()
            },
            access: Access {
                hostname: host.as_deref().map(without_port),
                credential: credential.as_deref(),
                key_uid: kid.as_deref().or(signer.as_deref()),
                resource: resource.as_deref(),
                operation: operation.as_deref(),
                account: account.as_deref(),
                bytes_out: found.get(Field::BytesOut).and_then(bytes_of),
                bytes_in: found.get(Field::BytesIn).and_then(bytes_of),
                duration_us: found.named(Field::Duration).and_then(|(name, raw)| duration_us(name, raw)),
                subjects: &people,
                ..Access::default()
            },
        };
        hit.push(time, prints, &mut self.clean, out);
        Ok(())
    }

    fn time(&mut self, stamp: &str) -> Option<(Micros, TimeBasis)> {
        let stamp = stamp.trim_matches(['[', ']']);
        match self.clock.read(stamp) {
            Some(at) => Some((at, TimeBasis::Stated)),
            None => instant(stamp, self.options.time_zone.as_ref()),
        }
    }
}

/// A scalar's text; the first of a list (Caddy's headers). `-` is absent.
fn scalar(raw: Raw<'_>) -> Option<Cow<'_, str>> {
    let value = match raw.get().as_bytes().first() {
        Some(b'[') => text(*items(raw.get())?.first()?),
        _ => text(raw),
    };
    value.filter(|v| v != "-")
}

#[cfg(test)]
mod tests;
