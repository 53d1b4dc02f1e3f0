//! Messages of `sudo` and `su`.
//!
//! Decisive choice: `user` is the account whose password is asked (the caller's for `sudo`, the target's for `su`), `actor` the caller,
//! `granted` the target. `sudo` writes the working directory before the target and the command after it, both of the caller's
//! choice; a line that names two targets names none.

use super::event::Event;

/// `ann : TTY=pts/0 ; PWD=/home/ann ; USER=root ; COMMAND=/bin/ls`, with the reason of a refusal before `TTY`.
pub(super) fn sudo(message: &str) -> Option<Event<'_>> {
    let (user, rest) = message.trim_start().split_once(" : ")?;
    let target = only_target(rest);
    // The command follows the target; where there are several targets it may begin after the first mark.
    let after_target = target.map_or(rest, |(_, after)| after);
    let command = after_target.split_once("; COMMAND=").map(|(_, command)| command);
    if command.is_none() || rest.starts_with("(command continued)") {
        return Some(Event::host().user(user));
    }
    let reason = match ["TTY=", "PWD=", "HOST=", "USER="].iter().any(|f| rest.starts_with(f)) {
        true => "",
        false => rest.split_once(" ; ").map_or(rest, |(reason, _)| reason),
    };
    let event = Event::switch(reason.is_empty(), "command").by("sudo", "sudo").user(user).detail(reason);
    let mut event = event.granting(target.map_or("", |(target, _)| target));
    event.auth.command = command.filter(|c| !c.is_empty());
    Some(match reason.split_once(" incorrect password attempt").and_then(|(n, _)| n.parse::<u16>().ok()) {
        Some(times) => event.factor("password").counting(times.into()),
        None => event,
    })
}

/// The target account and what follows it, if the line can be read in one way only.
fn only_target(fields: &str) -> Option<(&str, &str)> {
    let mut users = fields.match_indices("USER=").filter(|(at, _)| {
        fields.get(..*at).is_some_and(|before| before.is_empty() || before.ends_with("; "))
    });
    let (Some((at, mark)), None) = (users.next(), users.next()) else { return None };
    let rest = fields.get(at + mark.len()..)?;
    Some(rest.find(" ; ").map_or((rest, ""), |end| rest.split_at(end)))
}

/// `su` as shadow, util-linux and the BSDs write it.
pub(super) fn su(message: &str) -> Option<Event<'_>> {
    let event = |ok, operation, from, to| {
        Event::switch(ok, operation).by("su", "su").acting(from).user(to).granting(to)
    };
    if let Some(rest) = message.strip_prefix("Successful su for ") {
        let (to, from) = rest.rsplit_once(" by ")?;
        return Some(event(true, "su", from, to));
    }
    if let Some(rest) = message.strip_prefix("FAILED su for ") {
        let (to, from) = rest.rsplit_once(" by ")?;
        return Some(event(false, "su", from, to));
    }
    let (failed, rest) = match message.strip_prefix("FAILED SU ") {
        Some(rest) => (true, rest),
        None => (false, message),
    };
    if let Some(rest) = rest.strip_prefix("(to ") {
        let (to, rest) = rest.split_once(") ")?;
        let (from, _) = rest.rsplit_once(" on ")?;
        return Some(event(!failed, "su", from, to));
    }
    if let Some(rest) = message.strip_prefix("BAD SU ") {
        let (names, _) = rest.rsplit_once(" on ")?;
        let (from, to) = names.split_once(" to ")?;
        return Some(event(false, "su", from, to));
    }
    // `+ /dev/pts/0 ann:root` stands beside `Successful su`, `-` beside `FAILED su`.
    let ok = message.starts_with("+ ");
    let rest = message.strip_prefix("+ ").or_else(|| message.strip_prefix("- "))?;
    let (from, to) = rest.split_once(' ')?.1.split_once(':')?;
    Some(event(ok, "su", from, to).comment())
}
