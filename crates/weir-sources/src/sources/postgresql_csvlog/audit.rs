//! What pgaudit writes: `SESSION,7,1,READ,SELECT,TABLE,public.member,"select ...",<none>,3`.

/// The class of a statement, as far as it decides where the record goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Read,
    Write,
    Role,
    Definition,
    Other,
}

/// One AUDIT message.
pub(super) struct Audit {
    /// The statement's number in its session.
    pub(super) id: u64,
    pub(super) class: Class,
    pub(super) command: String,
    pub(super) object_type: String,
    pub(super) object: String,
    pub(super) statement: String,
    /// Rows returned or changed, where `pgaudit.log_rows` is on.
    pub(super) rows: Option<i64>,
}

impl Audit {
    pub(super) fn parse(message: &str) -> Option<Self> {
        let (mut text, mut ends) = (Vec::new(), Vec::new());
        let fields = super::split(message.as_bytes(), &mut text, &mut ends).ok()?;
        let field = |at: usize| fields.get(at).map(|text| text.to_string());
        let class = match field(3)?.as_str() {
            "READ" => Class::Read,
            "WRITE" => Class::Write,
            "ROLE" => Class::Role,
            "DDL" => Class::Definition,
            _ => Class::Other,
        };
        if !matches!(field(0)?.as_str(), "SESSION" | "OBJECT") {
            return None;
        }
        let command = field(4)?;
        let rows = field(9).and_then(|rows| rows_of(rows.trim()));
        // COPY does not go through the executor that counts: its rows are written as 0.
        let counted = rows.filter(|rows| *rows > 0 || !matches!(command.as_str(), "COPY" | "PREPARE"));
        Some(Self {
            id: field(1)?.parse().ok()?,
            class,
            command,
            object_type: field(5)?,
            object: field(6)?,
            statement: field(7)?,
            rows: counted,
        })
    }

    /// OCSF's word.
    pub(super) fn activity(&self) -> &'static str {
        let begins = |word: &str| self.command.starts_with(word);
        match self.class {
            Class::Read if begins("PREPARE") || begins("DECLARE") => "query",
            Class::Read => "read",
            Class::Write if begins("UPDATE") => "update",
            Class::Write if begins("DELETE") || begins("TRUNCATE") => "delete",
            Class::Write => "write",
            Class::Role | Class::Definition if begins("CREATE") => "create",
            Class::Role | Class::Definition if begins("DROP") || begins("REVOKE") => "delete",
            Class::Role | Class::Definition => "update",
            Class::Other => "query",
        }
    }
}

/// A count of rows; one that is greater than a record can say is the greatest that it can.
fn rows_of(text: &str) -> Option<i64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(i64::MAX))
}

/// Duration in microseconds and text of a statement that `log_statement` or `log_min_duration_statement` wrote.
pub(super) fn logged(message: &str) -> Option<(Option<i64>, &str)> {
    let (duration, rest) = match message.strip_prefix("duration: ") {
        Some(rest) => {
            let (ms, rest) = rest.split_once(" ms  ")?;
            let micros = ms.parse::<f64>().ok().filter(|ms| (0.0..1e15).contains(ms));
            #[expect(clippy::cast_possible_truncation, reason = "the range is tested")]
            let micros = micros.map(|ms| (ms * 1_000.0).round() as i64);
            (micros, rest)
        }
        None => (None, message),
    };
    let executed = |rest: &'_ str| rest.strip_prefix("execute ").and_then(|r| r.find(": ").map(|at| at + 10));
    if let Some(statement) = rest.strip_prefix("statement: ") {
        return Some((duration, statement));
    }
    executed(rest).and_then(|at| rest.get(at..)).map(|statement| (duration, statement))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_of_rows_is_never_less_than_the_log_says() {
        let rows: Vec<_> =
            ["5000", "0", "9223372036854775808", "99999999999999999999", "-1", ""].map(rows_of).into();
        assert_eq!(rows, [Some(5000), Some(0), Some(i64::MAX), Some(i64::MAX), None, None]);
    }
}
