//! How an event ended.

use super::event::Event;
use crate::json::Object;
use std::borrow::Cow;
use weir_model::record::{STATUS_FAILURE, STATUS_SUCCESS};

/// Success or failure, the log's code and its words.
#[derive(Debug, Default)]
pub(super) struct Ending<'a> {
    pub(super) status_id: Option<i32>,
    pub(super) code: Option<Cow<'a, str>>,
    pub(super) detail: Option<Cow<'a, str>>,
}

/// An API call failed when it has an error code. A sign-in says it in words, under the operation's own name. A service event says
/// nothing.
pub(super) fn of<'a>(event: &Event<'a>) -> Ending<'a> {
    let code = event.top.text("errorCode");
    let detail = event.top.text("errorMessage");
    if code.is_some() {
        return Ending { status_id: Some(STATUS_FAILURE), code, detail };
    }
    let said = |part: &Object<'a>| {
        part.text(&event.operation).filter(|w| matches!(w.as_ref(), "Success" | "Failure"))
    };
    if let Some(word) = said(&event.response).or_else(|| said(&event.details)) {
        let failed = word == "Failure";
        return Ending {
            status_id: Some(if failed { STATUS_FAILURE } else { STATUS_SUCCESS }),
            code: failed.then_some(word),
            detail,
        };
    }
    let status_id = match event.top.text("eventType").as_deref() {
        _ if detail.is_some() => Some(STATUS_FAILURE),
        Some("AwsServiceEvent" | "AwsConsoleSignIn") => None,
        _ => Some(STATUS_SUCCESS),
    };
    Ending { status_id, code: None, detail }
}
