//! Messages of the programs that keep accounts: `useradd`, `usermod`, `groupadd`, `gpasswd` and their like.
//!
//! Decisive choice: `user` is the account changed, `actor` mostly unknown (only `gpasswd` says who ran it; the `sudo` line
//! before them may), `granted` the group.

use super::event::Event;

/// Reads a message; `None` when it tells of no change.
pub(super) fn read<'a>(program: &'a str, message: &'a str) -> Option<Event<'a>> {
    let event =
        created(message).or_else(|| removed(program, message)).or_else(|| changed(program, message))?;
    Some(event.by("", program))
}

/// `new user: name=apache, UID=48, ...`, `new group: name=apache, GID=48`, `failed adding user 'x', data deleted`.
fn created(message: &str) -> Option<Event<'_>> {
    if let Some(rest) = message.strip_prefix("new user: name=") {
        return Some(Event::account("create", true, "new_user").about(to_comma(rest)));
    }
    if let Some(rest) = message.strip_prefix("new group: name=") {
        return Some(Event::group("create", "new_group", to_comma(rest)));
    }
    if let Some((_, rest)) = message.strip_prefix("group added to ").and_then(|r| r.split_once(": name=")) {
        return Some(Event::group("create", "new_group", to_comma(rest)).comment());
    }
    let (user, detail) = message.strip_prefix("failed adding user ")?.rsplit_once(", ")?;
    Some(Event::account("create", false, "new_user").about(quoted(user)?.0).detail(detail))
}

/// `delete user 'x'`, `removed group 'x' owned by 'x'`, `delete 'x' from group 'y'`, `group 'x' removed`.
fn removed<'a>(program: &str, message: &'a str) -> Option<Event<'a>> {
    if let Some(rest) = message.strip_prefix("delete user ") {
        return Some(Event::account("delete", true, "delete_user").about(quoted(rest)?.0));
    }
    if let Some(rest) = message.strip_prefix("delete ") {
        let (user, rest) = quoted(rest)?;
        let group = rest.strip_prefix(" from group ").or_else(|| rest.strip_prefix(" from shadow group "))?;
        let event = Event::group("remove_user", "delete_from_group", quoted(group)?.0).about(user);
        return Some(if rest.starts_with(" from shadow") { event.comment() } else { event });
    }
    if let Some(rest) = message.strip_prefix("removed group ") {
        return Some(Event::group("delete", "delete_group", quoted(rest)?.0));
    }
    let (group, rest) = quoted(message.strip_prefix("group ")?)?;
    let event = Event::group("delete", "delete_group", group);
    match rest {
        " removed" => Some(event),
        _ if rest.starts_with(" removed from ") && program == "groupdel" => Some(event.comment()),
        _ => None,
    }
}

/// `add 'x' to group 'y'`, `lock user 'x' password`, `change user 'x' password`, `password for 'x' changed by 'root'`.
fn changed<'a>(program: &str, message: &'a str) -> Option<Event<'a>> {
    if let Some(rest) = message.strip_prefix("add ") {
        let (user, rest) = quoted(rest)?;
        let shadow = rest.strip_prefix(" to shadow group ");
        let group = quoted(rest.strip_prefix(" to group ").or(shadow)?)?.0;
        let event = Event::group("add_user", "add_to_group", group).about(user);
        return Some(if shadow.is_some() { event.comment() } else { event });
    }
    if program == "gpasswd"
        && let Some(rest) = message.strip_prefix("user ")
    {
        let (user, rest) = rest.split_once(" added by ")?;
        let (actor, group) = rest.split_once(" to group ")?;
        return Some(Event::group("add_user", "add_to_group", group).about(user).acting(actor));
    }
    let verbs = [
        ("lock user ", "lock"),
        ("unlock user ", "unlock"),
        ("change user ", "update"),
        ("changed user ", "update"),
        ("password for ", "password_change"),
    ];
    let (activity, rest) =
        verbs.iter().find_map(|(v, activity)| Some((*activity, message.strip_prefix(v)?)))?;
    let (user, rest) = quoted(rest)?;
    let activity = if activity == "update" && rest == " password" { "password_change" } else { activity };
    Some(Event::account(activity, true, "change_user").about(user))
}

fn to_comma(text: &str) -> &str {
    text.split_once(',').map_or(text, |(name, _)| name)
}

/// `'name'` at the start, and what follows.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix(['\'', '`', '\u{2018}'])?;
    let end = rest.find(['\'', '\u{2019}'])?;
    let after = rest.get(end..)?.trim_start_matches(['\'', '\u{2019}']);
    Some((rest.get(..end)?, after))
}
