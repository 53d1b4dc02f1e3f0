//! One CloudTrail event, taken out of what it may be wrapped in.

use crate::json::Object;
use std::borrow::Cow;

/// Names under which pipelines wrap an event: `lookup-events`, EventBridge, Elasticsearch, Splunk, alerting tools. Objects, or
/// strings that hold one.
pub(super) const WRAPPERS: [&str; 8] =
    ["CloudTrailEvent", "detail", "_source", "log", "event", "result", "_raw", "message"];

/// How many wrappers deep an event may lie.
const WRAPPED_MAX: usize = 3;

/// An event's parts that are looked into more than once.
#[derive(Debug)]
pub(super) struct Event<'a> {
    pub(super) top: Object<'a>,
    /// `userIdentity`.
    pub(super) identity: Object<'a>,
    /// `userIdentity.sessionContext`.
    pub(super) session: Object<'a>,
    /// `requestParameters`.
    pub(super) request: Object<'a>,
    /// `responseElements`.
    pub(super) response: Object<'a>,
    /// `additionalEventData`.
    pub(super) extra: Object<'a>,
    /// `serviceEventDetails`.
    pub(super) details: Object<'a>,
    /// `eventSource` without `.amazonaws.com`.
    pub(super) service: Cow<'a, str>,
    /// `eventName`.
    pub(super) operation: Cow<'a, str>,
}

impl<'a> Event<'a> {
    /// Looks an event over; `None` when it names no service and operation.
    pub(super) fn of(top: Object<'a>) -> Option<Self> {
        let source = top.text("eventSource")?;
        let operation = top.text("eventName")?;
        let service = match source {
            Cow::Borrowed(s) => Cow::Borrowed(s.strip_suffix(".amazonaws.com").unwrap_or(s)),
            Cow::Owned(s) => Cow::Owned(s.strip_suffix(".amazonaws.com").unwrap_or(&s).to_owned()),
        };
        let identity = top.object("userIdentity");
        Some(Self {
            session: identity.object("sessionContext"),
            identity,
            request: top.object("requestParameters"),
            response: top.object("responseElements"),
            extra: top.object("additionalEventData"),
            details: top.object("serviceEventDetails"),
            service,
            operation,
            top,
        })
    }

    /// Whether the call only read, as the log says it.
    pub(super) fn read_only(&self) -> Option<bool> {
        self.top.text("readOnly")?.to_ascii_lowercase().parse().ok()
    }
}

/// Hands the innermost event of a record to `then`: the record itself, or what its wrappers hold.
pub(super) fn unwrapped<R>(text: &str, then: impl FnOnce(Object<'_>) -> R) -> Option<R> {
    unwrap(text, WRAPPED_MAX, then)
}

fn unwrap<R>(text: &str, left: usize, then: impl FnOnce(Object<'_>) -> R) -> Option<R> {
    let object = Object::parse(text)?;
    if left == 0 || object.get("eventName").is_some() || object.get("eventSource").is_some() {
        return Some(then(object));
    }
    for name in WRAPPERS {
        let Some(raw) = object.get(name) else { continue };
        if raw.get().starts_with('{') {
            return unwrap(raw.get(), left - 1, then);
        }
        match crate::json::text(raw) {
            Some(inner) if inner.trim_start().starts_with('{') => {
                return unwrap(inner.trim(), left - 1, then);
            }
            _ => {}
        }
    }
    Some(then(object))
}
