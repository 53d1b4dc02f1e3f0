//! Messages of `login` and `systemd-logind`.

use super::event::{Event, Origin};

/// `LOGIN ON tty1 BY ann`, `FAILED LOGIN (1) on '/dev/tty1' FOR 'ann', Authentication failure`.
pub(super) fn login(message: &str) -> Option<Event<'_>> {
    if let Some(rest) = message.strip_prefix("FAILED LOGIN ") {
        let (rest, detail) = rest.rsplit_once(", ")?;
        let (head, user) = rest.split_once(" FOR ")?;
        let origin = head.split_once(" FROM ").and_then(|(_, host)| Origin::of_host(unquoted(host)));
        let event = Event::logon(Some(false), "failed").user(unquoted(user)).detail(detail);
        return Some(event.from(origin.unwrap_or_default()).by("login", "login"));
    }
    let (rest, root) = match message.strip_prefix("ROOT LOGIN ") {
        Some(rest) => (rest, true),
        None => (message.strip_prefix("LOGIN ")?, false),
    };
    let rest = rest.trim_start().strip_prefix("ON ")?;
    let (rest, host) = rest.rsplit_once(" FROM ").unwrap_or((rest, ""));
    let user = if root { "root" } else { rest.split_once(" BY ")?.1 };
    let origin = Origin::of_host(unquoted(host)).unwrap_or_default();
    Some(Event::logon(Some(true), "accepted").user(unquoted(user)).from(origin).by("login", "login"))
}

/// `New session 858 of user ann.`: PAM or the service logs the sign-in itself.
pub(super) fn logind(message: &str) -> Option<Event<'_>> {
    let rest = message.strip_prefix("New session ")?;
    let (_, user) = rest.split_once(" of user ")?;
    let user = user.split_once(" with class ").map_or(user, |(user, _)| user);
    let user = unquoted(user.strip_suffix('.').unwrap_or(user));
    Some(Event::logon(Some(true), "session_new").user(user).comment().by("systemd", "systemd-logind"))
}

/// Without the quotes around.
pub(super) fn unquoted(text: &str) -> &str {
    for mark in ['\'', '\u{2018}'] {
        if let Some(inner) = text.strip_prefix(mark) {
            return inner.strip_suffix(['\'', '\u{2019}']).unwrap_or(inner);
        }
    }
    text
}
