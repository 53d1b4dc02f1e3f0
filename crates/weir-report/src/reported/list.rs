//! A list of who was reported, as people keep such lists: a person a line, or a table with any of the usual delimiters.
//!
//! Decisive choice: what could be read in two ways is refused and never guessed. A list that is misread says that everybody in it is in no record, which reads as an answer.

use crate::escape;
use std::result::Result;

/// The names of a column of people, the first before all others. Case, spaces and punctuation do not matter.
const COLUMNS: [&str; 13] = [
    "subject",
    "subjectid",
    "person",
    "personid",
    "member",
    "memberid",
    "customer",
    "customerid",
    "user",
    "userid",
    "account",
    "accountid",
    "pseudonym",
];
/// The name of a column of people where no other is one.
const ID: &str = "id";
const DELIMITERS: [u8; 3] = *b",;\t";
/// What separates nothing: lines are whole.
const NONE: u8 = 0x1f;

/// The people of a list, in its order.
///
/// # Errors
/// Says what is wrong, and in which line.
pub(super) fn people(text: &str) -> Result<Vec<String>, String> {
    let text = text.trim_start_matches('\u{feff}');
    let head = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let mut found = (NONE, None);
    for delimiter in [NONE].into_iter().chain(DELIMITERS) {
        if let Some(column) = column(&cells(head, delimiter))? {
            found = (delimiter, Some(column));
        }
    }
    let (delimiter, column) = found;
    if column.is_none()
        && let Some((delimiter, cells)) = table(text)
    {
        let shown =
            if delimiter == b'\t' { "tabs".to_owned() } else { format!("`{}`", char::from(delimiter)) };
        return Err(format!(
            "its lines have {cells} cells with {shown} between them, and the first line calls none of them `subject` or `id`"
        ));
    }
    closed(text, delimiter)?;
    let mut people = Vec::new();
    for (at, row) in reader(text, delimiter).into_records().enumerate() {
        let row = row.map_err(|e| e.to_string())?;
        if (at == 0 && column.is_some()) || row.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let line = row.position().map_or(0, csv::Position::line);
        let cell = row.get(column.unwrap_or(0)).ok_or_else(|| {
            format!(
                "line {line} has {} cells, and people stand in cell {}",
                row.len(),
                column.unwrap_or(0) + 1
            )
        })?;
        // What a table of ours made inert is what it was again.
        let person = if column.is_some() { escape::csv_text(cell.trim()) } else { cell.trim().to_owned() };
        people.extend((!person.is_empty()).then_some(person));
    }
    Ok(people)
}

fn reader(text: &str, delimiter: u8) -> csv::Reader<&[u8]> {
    let mut how = csv::ReaderBuilder::new();
    how.has_headers(false).flexible(true).delimiter(delimiter).from_reader(text.as_bytes())
}

fn cells(line: &str, delimiter: u8) -> Vec<String> {
    let row = reader(line, delimiter).into_records().next();
    row.and_then(Result::ok).map_or_else(Vec::new, |row| row.iter().map(str::to_owned).collect())
}

/// Which cell of a first line is called as a column of people is.
fn column(cells: &[String]) -> Result<Option<usize>, String> {
    let folded = |cell: &String| -> String {
        cell.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let named: Vec<String> = cells.iter().map(folded).collect();
    let at = |wanted: &str| named.iter().position(|name| name == wanted);
    if let Some(first) = COLUMNS.first().and_then(|name| at(name)) {
        return Ok(Some(first));
    }
    let people: Vec<usize> = named
        .iter()
        .enumerate()
        .filter(|(_, name)| COLUMNS.contains(&name.as_str()))
        .map(|(at, _)| at)
        .collect();
    match people.as_slice() {
        [] => Ok(at(ID)),
        [one] => Ok(Some(*one)),
        several => {
            let names: Vec<String> = several
                .iter()
                .filter_map(|at| cells.get(*at))
                .map(|name| format!("`{}`", name.trim()))
                .collect();
            Err(format!("{} could each name people; call the one that does `subject`", names.join(" and ")))
        }
    }
}

/// The delimiter of a text of which every line has as many cells, more than one; and how many.
fn table(text: &str) -> Option<(u8, usize)> {
    let of = |delimiter: u8| {
        let mut lines =
            text.lines().filter(|line| !line.trim().is_empty()).map(|line| cells(line, delimiter).len());
        let first = lines.next().filter(|n| *n > 1)?;
        lines.all(|n| n == first).then_some((delimiter, first))
    };
    DELIMITERS.into_iter().find_map(of)
}

/// Whether every quote that begins a cell ends it.
fn closed(text: &str, delimiter: u8) -> Result<(), String> {
    let (mut line, mut begins) = (1, true);
    let mut quoted: Option<usize> = None;
    let mut letters = text.chars().peekable();
    while let Some(c) = letters.next() {
        let next = letters.peek().copied();
        match (quoted, c) {
            (None, '"') if begins => quoted = Some(line),
            (Some(_), '"') if next == Some('"') => drop(letters.next()),
            (Some(from), '"') => {
                if next.is_some_and(|c| c != char::from(delimiter) && c != '\r' && c != '\n') {
                    return Err(format!(
                        "the quote that begins in line {from} does not end where its cell does"
                    ));
                }
                quoted = None;
            }
            _ => {}
        }
        begins = quoted.is_none() && (c == char::from(delimiter) || c == '\n');
        line += usize::from(c == '\n');
    }
    quoted.map_or(Ok(()), |from| Err(format!("the quote that begins in line {from} never ends")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        people(text).unwrap()
    }

    #[test]
    fn lists_are_read_as_people_keep_them() {
        for text in [
            "member:1\n\n2\n",
            "\u{feff}subject\r\nmember:1\r\n2\r\n",
            "ID;Name\nmember:1;\"Kim; Dahyun\"\n2;Lee\n",
            "row\tCustomer ID\n1\tmember:1\n2\t2\n",
            "id,when,subject,note\n7,x,member:1,\"two\nlines, \"\"quoted\"\"\"\n8,x,2,\n,,,\n",
            "\"User-Id\",\"id\"\n\"member:1\",9\n\"2\",9\n",
            "\"member:1\"\n\"2\"\n",
        ] {
            assert_eq!(read(text), ["member:1", "2"], "{text}");
        }
        // Ids that hold a delimiter, as whoever lists them line by line means them.
        assert_eq!(read("a,b\nc\nd;e,f\n"), ["a,b", "c", "d;e,f"]);
        assert_eq!(read("subject,records\n'=r4,1\n"), ["=r4"]);
        assert!(read("").is_empty() && read("subject\n").is_empty());
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused_with_its_line() {
        for (text, said) in [
            ("4711;Kim\n4712;Lee\n", "its lines have 2 cells with `;` between them"),
            ("4711,4712,4713\n", "3 cells"),
            ("a\tb\n1\t2\n", "tabs"),
            ("member_id,user_id\n1,2\n", "`member_id` and `user_id` could each name people"),
            ("subject,note\nmember:1,x\nmember:2,\"y\nmember:3,z\n", "line 3 never ends"),
            ("\"member:1\n\"member:2\"\n", "line 1 does not end"),
            ("note,subject\nx,member:1\ny\n", "line 3 has 1 cells, and people stand in cell 2"),
        ] {
            let error = people(text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
