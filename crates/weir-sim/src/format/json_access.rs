//! nginx JSON access log (`log_format ... escape=json`), of the member application: one object per line, the session's
//! token id and the id of the key that signed it among its fields, both empty where no session was presented.

use crate::event::{Access, Event};
use crate::format::Pen;
use crate::text::{Two, put};

/// Writes an access to a page of the member application.
pub fn render(event: &Event, pen: &mut Pen) -> bool {
    let Event::Access(access) = event else { return false };
    if access.page.public() || access.page.legacy() {
        return false;
    }
    write(access, pen);
    true
}

/// Writes an access to the host that nobody uses any more.
pub fn render_legacy(event: &Event, pen: &mut Pen) -> bool {
    let Event::Access(access) = event else { return false };
    if access.page.legacy() {
        write(access, pen);
    }
    access.page.legacy()
}

fn write(access: &Access, pen: &mut Pen) {
    let t = pen.local(access.at);
    let (sign, ahead) = (if pen.ahead < 0 { "-" } else { "+" }, pen.ahead.unsigned_abs());
    let line = &mut pen.line;
    put!(line, "{\"time\":\"", t.date(), "T", t.time(), sign, Two(ahead), ":00\",\"remote_addr\":\"");
    put!(line, access.origin, "\",\"method\":\"", access.method, "\",\"uri\":\"", access.page);
    put!(line, "\",\"status\":", access.status, ",\"body_bytes_sent\":", access.bytes);
    put!(line, ",\"http_user_agent\":\"", access.client, "\",\"host\":\"", access.page.host(), "\",");
    match access.session {
        Some(session) => put!(line, "\"session\":\"", session, "\",\"kid\":\"", session.key, "\"}\n"),
        None => put!(line, "\"session\":\"\",\"kid\":\"\"}\n"),
    }
}
