//! Token issuance as an OpenID Connect provider logs it: one JSON object per line, UTC with milliseconds, refusals
//! included. `jti` is the id of the token that the access log calls the session.

use crate::event::Event;
use crate::format::Pen;
use crate::text::put;

/// Writes a token issued or refused.
pub fn render(event: &Event, pen: &mut Pen) -> bool {
    let Event::Issue(issue) = event else { return false };
    let t = pen.utc(issue.at);
    let kind = if issue.session.is_some() { "token_issued" } else { "sign_in_failed" };
    let line = &mut pen.line;
    put!(line, "{\"time\":\"", t.date(), "T", t.time(), ".", t.thousandths(), "Z\",\"type\":\"", kind);
    put!(line, "\",\"sub\":\"", issue.holder, "\",\"client_id\":\"", issue.app);
    put!(line, "\",\"grant_type\":\"", issue.grant, "\",");
    match issue.session {
        Some(session) => {
            put!(line, "\"result\":\"success\",\"jti\":\"", session, "\",\"kid\":\"", session.key, "\",");
        }
        None => put!(line, "\"result\":\"failure\",\"error\":\"invalid_grant\","),
    }
    put!(line, "\"ip\":\"", issue.origin, "\",\"user_agent\":\"", issue.client, "\"}\n");
    true
}
