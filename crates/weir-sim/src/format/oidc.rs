//! Token issuance as an OpenID Connect provider logs it: one JSON object per line, UTC with milliseconds, refusals
//! included. `jti` is the id of the token that the access log calls the session.

use std::io::Write as _;

use crate::clock::rfc3339;
use crate::event::Event;

/// Writes a token issued or refused.
pub fn render(event: &Event, _ahead: i8, line: &mut Vec<u8>) -> bool {
    let Event::Issue(issue) = event else { return false };
    let kind = if issue.session.is_some() { "token_issued" } else { "sign_in_failed" };
    let _ = write!(
        line,
        "{{\"time\":\"{}\",\"type\":\"{kind}\",\"sub\":\"{}\",\"client_id\":\"{}\",\"grant_type\":\"{}\",",
        rfc3339(issue.at),
        issue.holder,
        issue.app,
        issue.grant
    );
    let _ = match issue.session {
        Some(session) => {
            write!(line, "\"result\":\"success\",\"jti\":\"{session}\",\"kid\":\"{}\",", session.key)
        }
        None => write!(line, "\"result\":\"failure\",\"error\":\"invalid_grant\","),
    };
    let _ = writeln!(line, "\"ip\":\"{}\",\"user_agent\":\"{}\"}}", issue.origin, issue.client);
    true
}
