//! nginx JSON access log (`log_format ... escape=json`), of the member application: one object per line, the session's
//! token id and the id of the key that signed it among its fields, both empty where no session was presented.

use std::io::Write as _;

use crate::clock::civil;
use crate::event::{Access, Event};

/// Writes an access to a page of the member application.
pub fn render(event: &Event, ahead: i8, line: &mut Vec<u8>) -> bool {
    let Event::Access(access) = event else { return false };
    if access.page.public() || access.page.legacy() {
        return false;
    }
    write(access, ahead, line);
    true
}

/// Writes an access to the host that nobody uses any more.
pub fn render_legacy(event: &Event, ahead: i8, line: &mut Vec<u8>) -> bool {
    let Event::Access(access) = event else { return false };
    if access.page.legacy() {
        write(access, ahead, line);
    }
    access.page.legacy()
}

fn write(access: &Access, ahead: i8, line: &mut Vec<u8>) {
    let t = civil(access.at, ahead);
    let _ = write!(
        line,
        "{{\"time\":\"{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{:+03}:00\",\"remote_addr\":\"{}\",\"method\":\"{}\",\"uri\":\"{}\",\
         \"status\":{},\"body_bytes_sent\":{},\"http_user_agent\":\"{}\",\"host\":\"{}\",",
        t.year(),
        t.month(),
        t.day(),
        t.hour(),
        t.minute(),
        t.second(),
        ahead,
        access.origin,
        access.method,
        access.page,
        access.status,
        access.bytes,
        access.client,
        access.page.host()
    );
    let _ = match access.session {
        Some(session) => writeln!(line, "\"session\":\"{session}\",\"kid\":\"{}\"}}", session.key),
        None => writeln!(line, "\"session\":\"\",\"kid\":\"\"}}"),
    };
}
