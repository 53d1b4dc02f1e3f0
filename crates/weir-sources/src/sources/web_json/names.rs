//! Under which names JSON access logs keep what.
//!
//! Decisive choice: one pass over an object's fields, each name looked up in a table once for the log; of several names for one column the one further up
//! in the table wins, whatever the order in the object.

use crate::json::{Names, Raw};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Field {
    Time,
    SrcIp,
    Forwarded,
    Method,
    Uri,
    Query,
    Line,
    Status,
    BytesOut,
    BytesIn,
    Duration,
    UserAgent,
    Referrer,
    Hostname,
    Protocol,
    Actor,
    ActorType,
    Credential,
    KeyUid,
    EventUid,
    Detail,
    Resource,
    Operation,
    Account,
}

const FIELDS: usize = 24;

/// Names by field, the most specific first. A dot leads into a nested object, or is part of the name.
const NAMES: &[(Field, &[&str])] = &[
    (
        Field::Time,
        &[
            "@timestamp",
            "time_iso8601",
            "time_local",
            "timestamp",
            "time",
            "ts",
            "StartUTC",
            "start_time",
            "datetime",
            "date",
            "msec",
            "event_time",
        ],
    ),
    (
        Field::SrcIp,
        &[
            "client_ip",
            "request.client_ip",
            "clientIp",
            "client_addr",
            "real_ip",
            "remote_addr",
            "remote_ip",
            "request.remote_ip",
            "request.remote_addr",
            "remoteAddress",
            "ClientHost",
            "ClientAddr",
            "clientip",
            "client.ip",
            "client.address",
            "source.ip",
            "source.address",
            "src_ip",
            "httpRequest.remoteIp",
            "downstream_remote_address",
            "ip",
            "remote_host",
        ],
    ),
    (
        Field::Forwarded,
        &[
            "http_x_forwarded_for",
            "x_forwarded_for",
            "xff",
            "request_X-Forwarded-For",
            "request.headers.X-Forwarded-For",
            "forwarded_for",
        ],
    ),
    (
        Field::Method,
        &[
            "request_method",
            "http_method",
            "method",
            "RequestMethod",
            "http.request.method",
            "request.method",
            "httpRequest.requestMethod",
            "verb",
        ],
    ),
    (
        Field::Uri,
        &[
            "request_uri",
            "uri",
            "request.uri",
            "RequestPath",
            "url.original",
            "httpRequest.requestUrl",
            "url",
            "request_path",
            "path",
            "request.url",
            "request.path",
            "url.path",
            "x_envoy_original_path",
        ],
    ),
    (Field::Query, &["query_string", "args", "query", "url.query"]),
    (Field::Line, &["request", "request_line"]),
    (
        Field::Status,
        &[
            "status_code",
            "status",
            "DownstreamStatus",
            "http.response.status_code",
            "response.status",
            "response_code",
            "httpRequest.status",
            "response_status",
            "statusCode",
            "code",
        ],
    ),
    (
        Field::BytesOut,
        &[
            "body_bytes_sent",
            "bytes_sent",
            "size",
            "DownstreamContentSize",
            "http.response.body.bytes",
            "httpRequest.responseSize",
            "response_size",
            "response_bytes",
            "bytes_out",
            "bytes",
            "resp_size",
        ],
    ),
    (
        Field::BytesIn,
        &[
            "request_length",
            "bytes_received",
            "bytes_read",
            "RequestContentSize",
            "http.request.body.bytes",
            "httpRequest.requestSize",
            "bytes_in",
            "request_size",
        ],
    ),
    (
        Field::Duration,
        &[
            "request_time",
            "duration_us",
            "duration_ms",
            "duration_ns",
            "duration",
            "Duration",
            "latency_ms",
            "latency",
            "elapsed_ms",
            "response_time_ms",
            "response_time",
            "httpRequest.latency",
            "took_ms",
        ],
    ),
    (
        Field::UserAgent,
        &[
            "http_user_agent",
            "user_agent",
            "user_agent.original",
            "userAgent",
            "request_User-Agent",
            "request.headers.User-Agent",
            "httpRequest.userAgent",
            "agent",
        ],
    ),
    (
        Field::Referrer,
        &[
            "http_referer",
            "http_referrer",
            "referer",
            "referrer",
            "request_Referer",
            "request.headers.Referer",
            "http.request.referrer",
            "httpRequest.referer",
        ],
    ),
    (
        Field::Hostname,
        &[
            "http_host",
            "host",
            "vhost",
            "request.host",
            "RequestHost",
            "url.domain",
            "server_name",
            "authority",
            "virtual_host",
        ],
    ),
    (
        Field::Protocol,
        &["server_protocol", "protocol", "request.proto", "RequestProtocol", "proto", "httpRequest.protocol"],
    ),
    (
        Field::Actor,
        &[
            "remote_user",
            "user_id",
            "userId",
            "user.name",
            "user.id",
            "username",
            "user_name",
            "ClientUsername",
            "user",
            "actor",
            "sub",
            "jwt.sub",
            "claims.sub",
        ],
    ),
    (Field::ActorType, &["actor_type"]),
    (
        Field::Credential,
        &[
            "credential",
            "session_id",
            "session",
            "sessionId",
            "sid",
            "access_token",
            "token",
            "jti",
            "http_authorization",
            "authorization",
            "request_Authorization",
            "request.headers.Authorization",
            "api_key",
        ],
    ),
    (Field::KeyUid, &["kid", "key_id", "key_uid"]),
    (Field::Detail, &["error.message", "error_message"]),
];

static TABLE: LazyLock<HashMap<&'static str, (Field, u8)>> = LazyLock::new(|| {
    let ranked = |(field, names): &(Field, &'static [&'static str])| {
        let field = *field;
        names.iter().zip(1u8..).map(move |(name, rank)| (*name, (field, rank))).collect::<Vec<_>>()
    };
    NAMES.iter().flat_map(ranked).collect()
});

/// Objects that hold fields of an access; others are not opened. ECS has a `user_agent` and an `error` object; others a string of that name.
const NESTED: [&str; 15] = [
    "request",
    "request.headers",
    "http",
    "http.request",
    "http.request.body",
    "http.response",
    "http.response.body",
    "httpRequest",
    "url",
    "source",
    "client",
    "user",
    "response",
    "user_agent",
    "error",
];

impl Field {
    /// The field that fills a column of the record table.
    pub(super) fn of_column(column: &str) -> Option<Self> {
        Some(match column {
            "time" => Self::Time,
            "src_ip" => Self::SrcIp,
            "http_method" => Self::Method,
            "path" => Self::Uri,
            "query" => Self::Query,
            "status_code" => Self::Status,
            "bytes_out" => Self::BytesOut,
            "bytes_in" => Self::BytesIn,
            "duration_us" => Self::Duration,
            "user_agent" => Self::UserAgent,
            "referrer" => Self::Referrer,
            "hostname" => Self::Hostname,
            "protocol" => Self::Protocol,
            "actor" => Self::Actor,
            "actor_type" => Self::ActorType,
            "credential" => Self::Credential,
            "key_uid" => Self::KeyUid,
            "event_uid" => Self::EventUid,
            "status_detail" => Self::Detail,
            "resource" => Self::Resource,
            "operation" => Self::Operation,
            "account" => Self::Account,
            _ => return None,
        })
    }
}

/// What a name means: a field, with its rank among the field's names, or an object to open, by its place in [`NESTED`].
#[derive(Clone, Copy, Debug, Default)]
struct Meaning {
    field: Option<(Field, u8, &'static str)>,
    nested: Option<usize>,
}

impl Meaning {
    /// Of a name in the object of this path.
    fn of(object: Option<&str>, name: &str) -> Self {
        let path = object.map_or(Cow::Borrowed(name), |object| Cow::Owned(format!("{object}.{name}")));
        let field = TABLE.get_key_value(path.as_ref()).map(|(name, (field, rank))| (*field, *rank, *name));
        Self { field, nested: NESTED.iter().position(|nested| *nested == path) }
    }
}

/// The names of a log's objects: of a record itself, and of those in [`NESTED`].
#[derive(Debug, Default)]
pub(super) struct Known {
    record: Names<Meaning>,
    nested: [Names<Meaning>; NESTED.len()],
}

impl Known {
    fn names(&mut self, object: Option<usize>) -> Option<&mut Names<Meaning>> {
        match object {
            None => Some(&mut self.record),
            Some(nested) => self.nested.get_mut(nested),
        }
    }
}

/// What one object holds.
#[derive(Debug, Default)]
pub(super) struct Found<'a> {
    slots: [Option<(Raw<'a>, u8, &'static str)>; FIELDS],
}

impl<'a> Found<'a> {
    /// Looks through an object; `None` when the text is something else or no JSON.
    pub(super) fn of(text: &'a str, known: &mut Known) -> Option<Self> {
        let mut found = Self::default();
        found.look(text, None, known)?;
        Some(found)
    }

    fn look(&mut self, text: &'a str, object: Option<usize>, known: &mut Known) -> Option<()> {
        let path = object.and_then(|nested| NESTED.get(nested)).copied();
        // Taken out meanwhile: no object opened in this one has its names.
        let mut names = std::mem::take(known.names(object)?);
        let read = names.members(
            text,
            |name| Meaning::of(path, name),
            |meaning, raw| {
                if !raw.get().starts_with('{') {
                    self.put(meaning, raw);
                } else if meaning.nested.is_some() {
                    self.look(raw.get(), meaning.nested, known);
                }
            },
        );
        *known.names(object)? = names;
        read
    }

    /// Puts a value in its field's slot, unless one is there whose name is no less specific.
    fn put(&mut self, meaning: Meaning, raw: Raw<'a>) {
        let Some((field, rank, name)) = meaning.field else { return };
        let is_empty = matches!(raw.get(), "null" | "\"\"" | "\"-\"");
        if let Some(slot) = self.slots.get_mut(field as usize)
            && !is_empty
            && slot.is_none_or(|(_, held, _)| held > rank)
        {
            *slot = Some((raw, rank, name));
        }
    }

    /// Puts what a configuration names.
    pub(super) fn set(&mut self, field: Field, raw: Option<Raw<'a>>) {
        if let Some(slot) = self.slots.get_mut(field as usize) {
            *slot = raw.map(|raw| (raw, 0, ""));
        }
    }

    /// The value of a field.
    pub(super) fn get(&self, field: Field) -> Option<Raw<'a>> {
        self.named(field).map(|(_, raw)| raw)
    }

    /// The value of a field and the name it was found under (empty when configured).
    pub(super) fn named(&self, field: Field) -> Option<(&'static str, Raw<'a>)> {
        let (raw, _, name) = (*self.slots.get(field as usize)?)?;
        Some((name, raw))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_stands_once_and_every_field_has_its_slot() {
        let names: usize = NAMES.iter().map(|(_, names)| names.len()).sum();
        assert_eq!(names, TABLE.len());
        assert_eq!(Field::Account as usize + 1, FIELDS);
    }
}
