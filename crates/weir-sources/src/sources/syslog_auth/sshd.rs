//! Messages of OpenSSH's server.
//!
//! Decisive choice: the client chooses the user name, and until 100 characters it may hold anything, ` from 1.2.3.4 port 22 ssh2` too.
//! So address and port are read from the *right* end, where sshd writes them, never from the left. Where text of the client's
//! choice stands at both ends (a certificate's key id after the address), only the one possible reading counts; if there are two,
//! address and user stay unknown.

use super::event::{Event, Origin};

/// The words for a reading that cannot be decided.
const AMBIGUOUS: &str = "user and address cannot be told apart";

/// Longest end of a `Disconnecting` message that sshd can write, in bytes, with room to spare.
const ENDING_MAX: usize = 2_000;

/// Reads a message; `None` when it says nothing of a user or an address.
pub(super) fn read(message: &str) -> Option<Event<'_>> {
    let (text, before_auth) = match message.strip_suffix(" [preauth]") {
        Some(text) => (text, true),
        None => (message, false),
    };
    let text = ["error: ", "fatal: "].iter().find_map(|p| text.strip_prefix(p)).unwrap_or(text);
    let event = verdict(text).or_else(|| refusal(text)).or_else(|| ending(text, before_auth));
    event.map(|e| e.by("ssh", "sshd")).or_else(|| remark(text))
}

/// `Accepted publickey for USER from ADDRESS port N ssh2: EXTRA` and its like.
fn verdict(text: &str) -> Option<Event<'_>> {
    let (verb, rest) = text.split_once(' ')?;
    let event = match verb {
        "Accepted" => Event::logon(Some(true), "accepted"),
        "Failed" => Event::logon(Some(false), "failed"),
        "Postponed" => Event::logon(None, "postponed").comment(),
        "Partial" => Event::logon(None, "partial").comment(),
        _ => return None,
    };
    let (method, rest) = rest.split_once(" for ").filter(|(m, _)| !m.contains(' '))?;
    let event = event.factor(method);
    Some(match signed_by(method, rest) {
        Reading::One(user, origin, extra) => credential(event.user(valid(user)).from(origin), extra),
        Reading::Many => event.detail(AMBIGUOUS),
        Reading::None => return None,
    })
}

enum Reading<'a> {
    None,
    One(&'a str, Origin<'a>, &'a str),
    Many,
}

/// Finds `USER from ADDRESS port N ssh2[: EXTRA]`, from the right.
fn signed_by<'a>(method: &str, text: &'a str) -> Reading<'a> {
    let mut readings = text.rmatch_indices(" from ").filter_map(|(at, _)| {
        let (origin, rest) = Origin::leading(text.get(at + 6..)?)?;
        origin.port?;
        let rest =
            ["ssh2", "ssh1"].iter().find_map(|p| rest.strip_prefix(' ')?.strip_prefix(*p)).unwrap_or(rest);
        let extra = if rest.is_empty() { rest } else { rest.strip_prefix(": ")? };
        Some((text.get(..at)?, origin, extra))
    });
    let Some((user, origin, extra)) = readings.next() else { return Reading::None };
    // Of these sshd writes the end itself, so the rightmost reading is its own.
    let own = match method {
        "publickey" => extra.is_empty() || plain_key(extra).is_some(),
        _ => extra.is_empty() && !method.starts_with("gssapi") && !method.starts_with("hostbased"),
    };
    match own || readings.next().is_none() {
        true => Reading::One(user, origin, extra),
        false => Reading::Many,
    }
}

/// `RSA SHA256:...`, `RSA 39:33:99:...`: type and fingerprint.
fn plain_key(extra: &str) -> Option<(&str, &str)> {
    let (kind, print) = extra.split_once(' ')?;
    let hex = |b: u8| b.is_ascii_hexdigit() || b == b':';
    let md5 = print.strip_prefix("MD5:").unwrap_or(print);
    let hash = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    let sha = ["SHA256:", "SHA1:", "SHA384:", "SHA512:"].iter().find_map(|p| print.strip_prefix(p));
    let fits = sha.is_some_and(|s| !s.is_empty() && s.bytes().all(hash))
        || (md5.len() == 47 && md5.bytes().all(hex));
    (fits && !kind.contains(':')).then_some((kind, print))
}

/// The key used: its fingerprint, or the certificate's id and the key that signed it.
fn credential<'a>(mut event: Event<'a>, extra: &'a str) -> Event<'a> {
    if let Some((_, print)) = plain_key(extra) {
        (event.auth.credential, event.auth.credential_type) = (Some(print), Some("public_key"));
    } else if let Some((head, signer)) = extra.rsplit_once(" CA ")
        && let Some((_, print)) = plain_key(signer)
        && let Some((id, _serial)) = head.split_once(" ID ").and_then(|(_, id)| id.rsplit_once(" (serial "))
    {
        event.auth.credential = Some(id).filter(|id| !id.is_empty());
        (event.auth.credential_type, event.auth.key_uid) = (Some("ssh_certificate"), Some(print));
    }
    event
}

/// sshd's own mark before the name of an account that does not exist.
fn valid(user: &str) -> &str {
    ["invalid user ", "illegal user "].iter().find_map(|p| user.strip_prefix(p)).unwrap_or(user)
}

/// Messages beside a failed attempt: each has a `Failed` record as well.
fn refusal(text: &str) -> Option<Event<'_>> {
    let no = |operation| Event::logon(Some(false), operation).comment();
    for prefix in ["Invalid user ", "Illegal user "] {
        if let Some(rest) = text.strip_prefix(prefix) {
            return from_right(rest).map(|(user, origin)| no("invalid_user").user(user).from(origin));
        }
    }
    if let Some(rest) = text.strip_prefix("maximum authentication attempts exceeded for ") {
        let rest = rest.strip_suffix(" ssh2").or_else(|| rest.strip_suffix(" ssh1")).unwrap_or(rest);
        return from_right(rest).map(|(user, origin)| no("max_attempts").user(valid(user)).from(origin));
    }
    if let Some(rest) = text.strip_prefix("input_userauth_request: invalid user ") {
        return Some(no("invalid_user").user(rest));
    }
    if let Some(rest) = text.strip_prefix("PAM: ") {
        let (detail, rest) = rest.split_once(" for ")?;
        return from_right(rest)
            .map(|(user, origin)| no("pam").user(valid(user)).from(origin).detail(detail));
    }
    if let Some(rest) = text.strip_prefix("User ") {
        let (head, why) = rest.rsplit_once(" not allowed because ")?;
        return from_right(head).map(|(user, origin)| no("not_allowed").user(user).from(origin).detail(why));
    }
    if let Some(rest) = text.strip_prefix("ROOT LOGIN REFUSED FROM ") {
        return Origin::exact(rest).map(|origin| no("not_allowed").user("root").from(origin));
    }
    let user = text.strip_prefix("Access denied for user ")?.strip_suffix(" by PAM account configuration")?;
    Some(no("not_allowed").user(user).detail("PAM account configuration"))
}

/// `USER from ADDRESS[ port N]`, nothing after.
fn from_right(text: &str) -> Option<(&str, Origin<'_>)> {
    let at = text.rfind(" from ")?;
    Some((text.get(..at)?, Origin::exact(text.get(at + 6..)?)?))
}

/// The end of a connection that belongs to a user: of a session, or of an attempt.
fn ending(text: &str, before_auth: bool) -> Option<Event<'_>> {
    let (verb, rest) =
        ["Connection closed by ", "Connection reset by ", "Disconnected from ", "Disconnecting "]
            .iter()
            .find_map(|p| Some((*p, text.strip_prefix(p)?)))?;
    let (whose, rest) = ["authenticating user ", "invalid user ", "user "]
        .iter()
        .find_map(|p| Some((*p, rest.strip_prefix(p)?)))?;
    let failed = before_auth || whose != "user ";
    let event =
        if failed { Event::logon(Some(false), "gave_up").comment() } else { Event::logoff("disconnected") };
    if verb != "Disconnecting " {
        return Origin::trailing(rest).map(|(user, origin)| event.user(user).from(origin));
    }
    // `USER ADDRESS port N: REASON`, and the reason may repeat names that the client sent; sshd cuts both at 100 characters.
    if rest.len() > ENDING_MAX {
        return Some(event.detail(AMBIGUOUS));
    }
    let mut readings = rest.match_indices(": ").filter_map(|(at, _)| Origin::trailing(rest.get(..at)?));
    let first = readings.next()?;
    Some(match readings.any(|other| other != first) {
        true => event.detail(AMBIGUOUS),
        false => event.user(first.0).from(first.1),
    })
}

/// Messages of a connection without a verdict on a user.
fn remark(text: &str) -> Option<Event<'_>> {
    const BEFORE_ADDRESS: [&str; 9] = [
        "Received disconnect from ",
        "Disconnected from ",
        "Connection closed by ",
        "Connection reset by ",
        "Connection from ",
        "banner exchange: Connection from ",
        "Did not receive identification string from ",
        "Unable to negotiate with ",
        "Timeout before authentication for ",
    ];
    if let Some(rest) = BEFORE_ADDRESS.iter().find_map(|p| text.strip_prefix(p)) {
        return Origin::leading(rest).map(|(origin, _)| Event::host().from(origin));
    }
    if text.starts_with("Bad protocol version identification ") {
        return from_right(text).map(|(_, origin)| Event::host().from(origin));
    }
    if let Some(user) =
        text.strip_prefix("subsystem request for ").and_then(|r| Some(r.split_once(" by user ")?.1))
    {
        return Some(Event::host().user(user));
    }
    let session = ["Starting session: ", "Close session: "].iter().any(|p| text.starts_with(p));
    let (head, _id) = session.then(|| text.rsplit_once(" id ")).flatten()?;
    let (head, origin) = from_right(head)?;
    let user =
        head.rsplit_once(" for ").map(|(_, u)| u).or_else(|| head.strip_prefix("Close session: user "));
    Some(Event::host().from(origin).user(user.unwrap_or_default()))
}
