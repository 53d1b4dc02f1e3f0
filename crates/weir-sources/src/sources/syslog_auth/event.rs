//! What one message says, before it becomes a row.

use super::{account, pam, privilege, session, sshd};
use weir_model::record::{STATUS_FAILURE, STATUS_SUCCESS};
use weir_model::{Auth, Common, Table};

/// OCSF Authentication.
const AUTHENTICATION: i32 = 3002;
/// OCSF Account Change.
const ACCOUNT_CHANGE: i32 = 3001;
/// OCSF Group Management.
const GROUP_MANAGEMENT: i32 = 3006;
/// OCSF Base Event: a message of which no more is known.
const BASE_EVENT: i32 = 0;
/// More repeats than this in one line are not believed.
const REPEATS_MAX: i64 = 1_000_000;

/// What a message says. For `host`, of `auth` only `user` and `command` are used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event<'a> {
    pub(super) table: Table,
    pub(super) common: Common<'a>,
    pub(super) auth: Auth<'a>,
}

impl<'a> Event<'a> {
    /// A message that says nothing of who signed in.
    pub(super) fn host() -> Self {
        let common = Common { class_uid: Some(BASE_EVENT), ..Common::default() };
        Self { table: Table::Host, common, auth: Auth::default() }
    }

    fn of_class(class: i32, activity: &'a str, success: Option<bool>, operation: &'a str) -> Self {
        let status_id = success.map(|s| if s { STATUS_SUCCESS } else { STATUS_FAILURE });
        let common =
            Common { class_uid: Some(class), activity: Some(activity), status_id, ..Common::default() };
        let auth = Auth { operation: Some(operation), ..Auth::default() };
        Self { table: Table::Auth, common, auth }
    }

    /// A sign-in, or an attempt.
    pub(super) fn logon(success: Option<bool>, operation: &'a str) -> Self {
        Self::of_class(AUTHENTICATION, "logon", success, operation)
    }

    /// The end of a session.
    pub(super) fn logoff(operation: &'a str) -> Self {
        Self::of_class(AUTHENTICATION, "logoff", Some(true), operation)
    }

    /// A change into another account (`sudo`, `su`), or an attempt.
    pub(super) fn switch(success: bool, operation: &'a str) -> Self {
        Self::of_class(AUTHENTICATION, "account_switch", Some(success), operation)
    }

    /// A change to an account.
    pub(super) fn account(activity: &'a str, success: bool, operation: &'a str) -> Self {
        Self::of_class(ACCOUNT_CHANGE, activity, Some(success), operation)
    }

    /// A change to a group.
    pub(super) fn group(activity: &'a str, operation: &'a str, group: &'a str) -> Self {
        Self::of_class(GROUP_MANAGEMENT, activity, Some(true), operation).granting(group)
    }

    /// By which mechanism and service.
    pub(super) fn by(mut self, protocol: &'a str, service: &'a str) -> Self {
        (self.auth.auth_protocol, self.auth.service) = (known(protocol), known(service));
        self
    }

    /// The account, where someone else acts, or nobody says who.
    pub(super) fn about(mut self, user: &'a str) -> Self {
        self.auth.user = known(user);
        self
    }

    /// The account; it acts as well, unless [`Self::acting`] says who does.
    pub(super) fn user(mut self, user: &'a str) -> Self {
        self.auth.user = known(user);
        self.common.actor = self.common.actor.or(self.auth.user);
        self
    }

    /// The account that acts.
    pub(super) fn acting(mut self, actor: &'a str) -> Self {
        self.common.actor = known(actor);
        self
    }

    /// The right or account gained.
    pub(super) fn granting(mut self, granted: &'a str) -> Self {
        self.auth.granted = known(granted);
        self
    }

    /// Where it comes from.
    pub(super) fn from(mut self, origin: Origin<'a>) -> Self {
        (self.common.src_ip, self.auth.src_port) = (origin.host, origin.port);
        self
    }

    /// By what the user proved to be who he says.
    pub(super) fn factor(mut self, factor: &'a str) -> Self {
        self.auth.auth_factor = known(factor);
        self
    }

    /// The log's own words on the outcome.
    pub(super) fn detail(mut self, detail: &'a str) -> Self {
        self.auth.status_detail = known(detail);
        self
    }

    /// Stands for this many attempts.
    pub(super) fn counting(mut self, n: i64) -> Self {
        self.auth.count = Some(n).filter(|n| *n != 1);
        self
    }

    /// Comments on an attempt that has a record of its own.
    pub(super) fn comment(self) -> Self {
        self.counting(0)
    }

    /// The same, seen `n` times; what stands for no attempt still stands for none.
    fn repeated(self, n: i64) -> Self {
        match self.auth.count {
            Some(count) => self.counting(count.saturating_mul(n)),
            None => self.counting(n),
        }
    }
}

fn known(text: &str) -> Option<&str> {
    Some(text).filter(|t| !t.is_empty())
}

/// Client address and port as a message names them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Origin<'a> {
    /// An IP address, or the name that the program resolved it to.
    pub(super) host: Option<&'a str>,
    /// The port.
    pub(super) port: Option<i32>,
}

impl<'a> Origin<'a> {
    /// A lone address or host name; `None` when the word can be neither.
    pub(super) fn of_host(word: &'a str) -> Option<Self> {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b':' | b'-' | b'_' | b'%');
        let shaped = (1..=255).contains(&word.len()) && word.bytes().all(fits);
        shaped.then(|| Self { host: Some(word).filter(|w| *w != "UNKNOWN"), port: None })
    }

    /// `ADDRESS port N`, or `ADDRESS` alone, with nothing after.
    pub(super) fn exact(text: &'a str) -> Option<Self> {
        let Some((host, port)) = text.split_once(" port ") else { return Self::of_host(text) };
        Some(Self { port: Some(port_of(port)?), ..Self::of_host(host)? })
    }

    /// `ADDRESS port N` or an IP address at the start of a text, and what follows.
    pub(super) fn leading(text: &'a str) -> Option<(Self, &'a str)> {
        let (host, rest) = text.split_at(text.find(' ').unwrap_or(text.len()));
        if let Some(after) = rest.strip_prefix(" port ") {
            let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
            let (digits, rest) = after.split_at(end);
            return Some((Self { port: Some(port_of(digits)?), ..Self::of_host(host)? }, rest));
        }
        let bare = host.strip_suffix(':').unwrap_or(host);
        bare.parse::<std::net::IpAddr>().ok()?;
        Some((Self::of_host(bare)?, rest))
    }

    /// `TEXT ADDRESS port N` with nothing after: the text and the origin.
    pub(super) fn trailing(text: &'a str) -> Option<(&'a str, Self)> {
        let (before, port) = text.rsplit_once(" port ")?;
        let (user, host) = before.rsplit_once(' ').unwrap_or(("", before));
        Some((user, Self { port: Some(port_of(port)?), ..Self::of_host(host)? }))
    }
}

fn port_of(digits: &str) -> Option<i32> {
    let plain = (1..=5).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse::<u16>().ok().map(i32::from)).flatten()
}

/// Reads a program's message.
pub(super) fn read<'a>(program: &'a str, message: &'a str) -> Event<'a> {
    if let Some((n, inner)) = folded(message) {
        return read_one(program, inner).repeated(n);
    }
    read_one(program, message)
}

/// `message repeated 5 times: [ Failed password ...]`, as rsyslog folds equal messages.
fn folded(message: &str) -> Option<(i64, &str)> {
    let (n, rest) = message.strip_prefix("message repeated ")?.split_once(" times: [")?;
    let inner = rest.strip_suffix(']')?;
    Some((repeats(n)?, inner.strip_prefix(' ').unwrap_or(inner)))
}

/// `last message repeated 5 times`, as syslogd folds them.
pub(super) fn refers_back(message: &str) -> Option<i64> {
    let message = message.trim_start_matches("--- ").trim_end_matches(" ---");
    repeats(message.strip_prefix("last message repeated ")?.strip_suffix(" times")?)
}

/// The message before, said again `n` times.
pub(super) fn read_again<'a>(program: &'a str, message: &'a str, n: i64) -> Event<'a> {
    match folded(message) {
        Some((_, inner)) => read_one(program, inner).repeated(n),
        None => read_one(program, message).repeated(n),
    }
}

fn repeats(digits: &str) -> Option<i64> {
    digits.parse().ok().filter(|n| (1..=REPEATS_MAX).contains(n))
}

fn read_one<'a>(program: &'a str, message: &'a str) -> Event<'a> {
    // `sshd(pam_unix)[1]: session opened ...`, as PAM wrote it before 2005.
    if let Some((service, module)) = program.split_once('(')
        && module.starts_with("pam_")
    {
        return pam::of_text(service, message).unwrap_or_else(Event::host);
    }
    let kind = kind(program);
    let service = if kind == Kind::Sshd { "sshd" } else { program };
    let found = pam::read(service, message).or_else(|| match kind {
        Kind::Sshd => sshd::read(message),
        Kind::Sudo => privilege::sudo(message),
        Kind::Su => privilege::su(message),
        Kind::Login => session::login(message),
        Kind::Logind => session::logind(message),
        Kind::Accounts => account::read(program, message),
        Kind::Pam | Kind::Other => None,
    });
    found.unwrap_or_else(Event::host)
}

/// What a program has to do with authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Sshd,
    Sudo,
    Su,
    Login,
    Logind,
    Accounts,
    /// Writes here what PAM and its like say of its users.
    Pam,
    Other,
}

/// The kind of a program, by its name.
pub(super) fn kind(program: &str) -> Kind {
    match program.split('(').next().unwrap_or_default() {
        "sshd" | "sshd-session" | "sshd-auth" => Kind::Sshd,
        "sudo" => Kind::Sudo,
        "su" => Kind::Su,
        "login" => Kind::Login,
        "systemd-logind" => Kind::Logind,
        "useradd" | "userdel" | "usermod" | "groupadd" | "groupdel" | "groupmod" | "gpasswd" | "passwd"
        | "chpasswd" | "chage" | "chfn" | "chsh" | "newusers" | "adduser" | "groupmems" => Kind::Accounts,
        "pam"
        | "pkexec"
        | "polkitd"
        | "polkit-agent-helper-1"
        | "gdm-password]"
        | "gdm-password"
        | "lightdm"
        | "unix_chkpwd"
        | "gdm"
        | "sddm"
        | "runuser"
        | "remote"
        | "faillock" => Kind::Pam,
        _ => Kind::Other,
    }
}
