//! Signing in: how a device comes by a session, and for how long.
//!
//! Every ordinary session begins here, and a session is first used at least a second after it was issued, so that a log
//! that keeps whole seconds never shows a use before the issue.

use crate::clock::SECOND;
use crate::event::{Event, Grant, Holder, Issue, Method, Session, Walk};
use crate::random::Random;
use crate::site::Page;

/// What a device keeps between visits.
#[derive(Debug, Clone, Copy, Default)]
pub struct Standing {
    session: Option<Session>,
    issued: i64,
    expires: i64,
    refresh_until: i64,
}

/// Who signs in, to what.
#[derive(Debug, Clone, Copy)]
pub struct Account {
    /// Whom the token will speak for.
    pub holder: Holder,
    /// The application's client id.
    pub app: &'static str,
    /// The key that signs.
    pub key: &'static str,
    /// How long a token holds, in milliseconds.
    pub lifetime: i64,
    /// How long a refresh token holds after the last sign-in, in milliseconds; 0 for none.
    pub refresh: i64,
    /// How likely a mistyped password is.
    pub typo: f64,
}

impl Standing {
    /// Makes sure the walk holds a session: the one it has, a refreshed one, or a new one through the sign-in page.
    pub fn sign_in(&mut self, walk: &mut Walk<'_>, account: &Account, random: &mut Random) {
        if self.issued + SECOND <= walk.at && walk.at < self.expires {
            walk.session = self.session;
            return;
        }
        let refreshed = self.session.is_some() && self.expires <= walk.at && walk.at < self.refresh_until;
        let grant = if refreshed { Grant::Refresh } else { Grant::Password };
        if grant == Grant::Password {
            Self::type_password(walk, account, random);
        }
        let session = issue(walk, account, grant, random);
        self.session = Some(session);
        self.issued = walk.at;
        self.expires = walk.at + account.lifetime;
        if grant == Grant::Password {
            self.refresh_until = walk.at + account.refresh;
        }
        walk.at += SECOND + random.below(700) as i64;
        walk.session = Some(session);
    }

    fn type_password(walk: &mut Walk<'_>, account: &Account, random: &mut Random) {
        walk.session = None;
        walk.get(Page::Login);
        walk.think(random, 4.0);
        while random.chance(account.typo) {
            walk.request(Method::Post, Page::Login, 401, 0);
            refuse(walk, account);
            walk.think(random, 5.0);
        }
        walk.request(Method::Post, Page::Login, 302, 0);
        walk.at += 20 + random.below(180) as i64;
    }
}

/// Issues a token to whoever walks, and records it.
pub fn issue(walk: &mut Walk<'_>, account: &Account, grant: Grant, random: &mut Random) -> Session {
    let session = Session { id: random.bits(), key: account.key, holder: account.holder };
    record(walk, account, grant, Some(session));
    session
}

fn refuse(walk: &mut Walk<'_>, account: &Account) {
    record(walk, account, Grant::Password, None);
}

fn record(walk: &mut Walk<'_>, account: &Account, grant: Grant, session: Option<Session>) {
    walk.events.push(Event::Issue(Issue {
        at: walk.at,
        holder: account.holder,
        app: account.app,
        grant,
        session,
        origin: walk.origin,
        client: walk.client,
    }));
}
