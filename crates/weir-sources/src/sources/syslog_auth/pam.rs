//! Messages of PAM modules: `pam_unix(sshd:session): session opened for user ann by (uid=0)`.
//!
//! Decisive choice: `user` is the account that PAM speaks of, `actor` who asked for it (`by`); for `su` and `sudo` these differ. What
//! sshd, sudo, su and login log of themselves as well counts no attempt here.

use super::event::{Event, Origin};

/// Reads a message, if a PAM module (or sshd in its name) wrote it; `program` is named as the service.
pub(super) fn read<'a>(program: &'a str, message: &'a str) -> Option<Event<'a>> {
    if let Some(rest) = message.strip_prefix("PAM ")
        && rest.contains(" more authentication failure")
    {
        return of_text("sshd", rest);
    }
    message.strip_prefix("pam_")?;
    let (module, text) = message.split_once("): ")?;
    let (_, service) = module.split_once('(')?;
    let service = service.split(':').next().unwrap_or_default();
    let program = if program.is_empty() { service } else { program };
    of_text(service, text).map(|event| event.by("pam", program)).or_else(|| named(text))
}

/// Reads what a module says on behalf of a service.
pub(super) fn of_text<'a>(service: &'a str, text: &'a str) -> Option<Event<'a>> {
    let event = session(service, text).or_else(|| attempt(service, text)).or_else(|| password(text))?;
    Some(event.by("pam", service))
}

/// Services that write a record of their own for each attempt.
fn has_own_records(service: &str) -> bool {
    let name = service.split('-').next().unwrap_or(service);
    matches!(name, "sshd" | "sudo" | "su" | "login" | "remote")
}

fn session<'a>(service: &str, text: &'a str) -> Option<Event<'a>> {
    if let Some(rest) = text.strip_prefix("session closed for user ") {
        return Some(Event::logoff("session_closed").user(without_uid(rest)));
    }
    let rest = text.strip_prefix("session opened for user ")?;
    let (user, opener) = rest.rsplit_once(" by ").unwrap_or((rest, ""));
    let (user, opener) = (without_uid(user), without_uid(opener));
    let switches = matches!(service.split('-').next(), Some("sudo" | "su" | "runuser"));
    let event = match switches {
        true => Event::switch(true, "session_opened").granting(user),
        false => Event::logon(Some(true), "session_opened"),
    };
    // A daemon opens the session of who signed in; `sudo` and `su` open another's.
    let event = if switches && !opener.is_empty() { event.acting(opener) } else { event };
    let event = event.user(user);
    Some(if has_own_records(service) || service.starts_with("systemd") { event.comment() } else { event })
}

/// `ann(uid=1000)` and `(uid=0)`.
fn without_uid(text: &str) -> &str {
    text.rsplit_once("(uid=").map_or(text, |(name, _)| name)
}

fn attempt<'a>(service: &str, text: &'a str) -> Option<Event<'a>> {
    let (said, rest) = text.split_once(';')?;
    let (success, times) = match said {
        "authentication failure" => (false, 1),
        "authentication success" => (true, 1),
        _ => (false, said.split_once(" more authentication failure")?.0.parse::<u16>().ok()?.into()),
    };
    // PAM writes `rhost` and `user` last; `ruser` before them may hold text of the client's.
    let (_, last) = rest.rsplit_once(" rhost=").unwrap_or_default();
    let (rhost, user) = last.split_once(' ').unwrap_or((last, ""));
    let user = user.trim_start().strip_prefix("user=").unwrap_or_default();
    let origin = Origin::of_host(rhost).unwrap_or_default();
    let operation = if success { "authentication_success" } else { "authentication_failure" };
    let event = Event::logon(Some(success), operation).user(user).from(origin);
    Some(if has_own_records(service) { event.comment() } else { event.counting(times) })
}

fn password(text: &str) -> Option<Event<'_>> {
    let user = text.strip_prefix("password changed for ")?;
    Some(Event::account("password_change", true, "password_changed").about(user))
}

/// Remarks that name a user in quotes: `requirement "uid >= 1000" not met by user "root"`.
fn named(text: &str) -> Option<Event<'_>> {
    let rest = text.rsplit_once(" by user ").map(|(_, rest)| rest).or_else(|| text.strip_prefix("user "))?;
    let (user, _) = rest.strip_prefix('"')?.rsplit_once('"')?;
    Some(Event::host().user(user))
}
