//! A statement run in the shop's database: who, by which program, what it read and how many rows came back.
//!
//! Like all events it holds no strings: a statement is a kind and its numbers, and becomes text in the log.

use std::net::IpAddr;

use crate::event::Hand;

/// A statement that was run.
#[derive(Debug, Clone, Copy)]
pub struct Query {
    /// When, in milliseconds UTC.
    pub at: i64,
    /// Under which login.
    pub login: &'static str,
    /// From where.
    pub origin: IpAddr,
    /// By which program, as it says itself.
    pub program: &'static str,
    /// The session: when it began, and the server's process.
    pub session: (i64, u32),
    /// The statement's number in its session.
    pub number: u32,
    /// What it asks.
    pub statement: Statement,
    /// Rows that came back.
    pub rows: u32,
    /// The members shown, as places in the world's list: the first, and how many.
    pub shown: (u32, u32),
    /// Whose hand it was. In no log.
    pub hand: Hand,
}

/// What a statement asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statement {
    /// One member.
    Member(u32),
    /// One member's orders.
    Orders(u32),
    /// Yesterday's orders with their addresses.
    Settlement(u32),
    /// A copy of a table, for the backup.
    Backup(&'static str),
    /// Those who agreed to letters.
    Letter(u32),
    /// A count, by columns of the analyst's choice.
    Report(u16),
    /// An extract, by conditions of the analyst's choice.
    Extract(u16, u32),
    /// The server's own state.
    Health,
    /// Everyone in a region.
    Region(u32),
    /// Everyone.
    Everyone,
    /// Everyone, as a file.
    Copy,
}

/// Columns that analysts choose from.
const COLUMNS: [&str; 8] =
    ["region", "joined", "channel", "birth_year", "segment", "consent", "last_order", "tier"];

impl Statement {
    /// Command, text, and the tables that an audit names.
    #[must_use]
    pub fn text(self) -> (&'static str, String, &'static [&'static str]) {
        const MEMBER: &[&str] = &["crm.member"];
        const ORDERS: &[&str] = &["crm.orders"];
        let column = |at: u16| COLUMNS.get(usize::from(at % 8)).copied().unwrap_or("region");
        let select = |text: String, tables| ("SELECT", text, tables);
        match self {
            Self::Member(id) => {
                select(format!("SELECT id, name, phone, address FROM crm.member WHERE id = {id}"), MEMBER)
            }
            Self::Orders(id) => {
                let limit = "ORDER BY placed DESC LIMIT 20";
                select(
                    format!("SELECT id, placed, total FROM crm.orders WHERE member_id = {id} {limit}"),
                    ORDERS,
                )
            }
            Self::Settlement(day) => select(
                format!(
                    "SELECT o.id, m.name, m.address FROM crm.orders o JOIN crm.member m ON m.id = o.member_id\n WHERE o.day = {day}"
                ),
                &["crm.orders", "crm.member"],
            ),
            Self::Backup(table) => ("COPY", format!("COPY {table} TO stdout;"), &[]),
            Self::Letter(month) => select(
                format!("SELECT name, e_mail FROM crm.member WHERE consent AND last_letter < {month}"),
                MEMBER,
            ),
            Self::Report(which) => select(
                format!(
                    "SELECT {0}, {1}, count(*) FROM crm.member GROUP BY {0}, {1}",
                    column(which),
                    column(which / 8)
                ),
                MEMBER,
            ),
            Self::Extract(which, value) => select(
                format!(
                    "SELECT id, {} FROM crm.member WHERE {} = '{value}'",
                    column(which),
                    column(which / 8)
                ),
                MEMBER,
            ),
            Self::Health => select("SELECT pid, state, query_start FROM pg_stat_activity".to_owned(), &[]),
            Self::Region(region) => select(
                format!("SELECT id, name, phone, e_mail FROM crm.member WHERE region = '{region}'"),
                MEMBER,
            ),
            Self::Everyone => select("SELECT * FROM crm.member".to_owned(), MEMBER),
            Self::Copy => ("COPY", "COPY (SELECT * FROM crm.member) TO STDOUT WITH CSV".to_owned(), &[]),
        }
    }
}
