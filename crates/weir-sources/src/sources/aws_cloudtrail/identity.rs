//! Who called: `userIdentity`.

use super::event::Event;
use std::borrow::Cow;

/// What AWS writes instead of a name it will not log (a mistyped user name may be a password).
const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

/// The caller.
#[derive(Debug)]
pub(super) struct Caller<'a> {
    /// ARN where there is one, else the name, service or id that the log gives.
    pub(super) name: Option<Cow<'a, str>>,
    /// `userIdentity.type`.
    pub(super) kind: Option<Cow<'a, str>>,
    /// ARN of the role or user behind a session.
    pub(super) issuer: Option<Cow<'a, str>>,
    /// Access key id used.
    pub(super) credential: Option<Cow<'a, str>>,
    /// The service that called on someone's behalf.
    pub(super) invoked_by: Option<Cow<'a, str>>,
    /// Account the call is recorded in.
    pub(super) account: Option<Cow<'a, str>>,
    /// Whether the session was opened with a second factor.
    pub(super) mfa: bool,
}

impl<'a> Caller<'a> {
    pub(super) fn of(event: &Event<'a>) -> Self {
        let identity = &event.identity;
        let kind = identity.text("type");
        let invoked_by = identity.text("invokedBy");
        let names = ["arn", "userName", "principalId", "invokedBy", "credentialId", "accountId"];
        let name = match kind.as_deref() {
            Some("AWSService") => invoked_by.clone(),
            _ => None,
        };
        let mfa = event.session.text_at("attributes.mfaAuthenticated").is_some_and(|m| m == "true");
        Self {
            name: name.or_else(|| names.iter().find_map(|n| identity.text(n).filter(|t| t != HIDDEN))),
            issuer: event.session.text_at("sessionIssuer.arn"),
            credential: identity.text("accessKeyId"),
            account: event.top.text("recipientAccountId").or_else(|| identity.text("accountId")),
            kind,
            invoked_by,
            mfa,
        }
    }
}
