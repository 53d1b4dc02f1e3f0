//! nginx and Apache combined access log, of the front that serves public pages. `$remote_user` is `-`, as on any site that
//! signs people in by itself, so the log names nobody.

use std::io::Write as _;

use crate::clock::civil;
use crate::event::{Event, Referer};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Writes an access to a public page.
pub fn render(event: &Event, ahead: i8, line: &mut Vec<u8>) -> bool {
    let Event::Access(access) = event else { return false };
    if !access.page.public() {
        return false;
    }
    let t = civil(access.at, ahead);
    let month = MONTHS.get(usize::from(t.month().unsigned_abs().saturating_sub(1))).copied().unwrap_or("Jan");
    // Writing to memory cannot fail.
    let _ = write!(
        line,
        "{} - - [{:02}/{month}/{:04}:{:02}:{:02}:{:02} {:+03}00] \"{} {} HTTP/1.1\" {} {} \"",
        access.origin,
        t.day(),
        t.year(),
        t.hour(),
        t.minute(),
        t.second(),
        ahead,
        access.method,
        access.page,
        access.status,
        access.bytes
    );
    let _ = match access.referer {
        Referer::Absent => line.write_all(b"-"),
        Referer::SearchEngine => line.write_all(b"https://www.google.com/"),
        Referer::Page(page) => write!(line, "https://www.shop.example{page}"),
    };
    let _ = writeln!(line, "\" \"{}\"", access.client);
    true
}
