//! Inventories kept elsewhere: signing keys with their owners, people with the days they joined and left. Parsed from text; reading
//! files is the engine's job.
//!
//! Decisive choice: a bare date that ends something (`retired`, `left`) means the end of that UTC day, one that begins something its
//! start: nobody is accused of what they did on their last day.

use crate::CatalogError;
use crate::error::nearest;
use weir_model::Micros;
use weir_model::time::DAY_US;

/// Keys and people, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventories {
    /// Signing keys; `None` when there is no inventory of them (which is not an empty one).
    pub keys: Option<Vec<KeyRow>>,
    /// People; `None` when there is no inventory of them.
    pub people: Option<Vec<PersonRow>>,
}

/// A key that signs credentials: a row of `keys.csv`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyRow {
    /// Its id (`kid`).
    pub key: String,
    /// Who holds it, as in `people.csv`.
    pub owner: Option<String>,
    /// From when it may sign.
    pub created: Option<Micros>,
    /// From when it may no longer.
    pub retired: Option<Micros>,
}

/// A person who works here: a row of `people.csv`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PersonRow {
    /// As keys name their owner.
    pub person: String,
    /// Since when.
    pub joined: Option<Micros>,
    /// From when no longer.
    pub left: Option<Micros>,
}

impl Inventories {
    /// Adds `keys.csv`: `key,owner,created,retired`, in any order, other columns ignored.
    ///
    /// # Errors
    /// If a column is missing, a key or time cannot be read, or a key stands twice; names the line.
    pub fn add_keys(&mut self, file: &str, text: &str) -> Result<(), CatalogError> {
        let mut rows = Rows::read(file, text, &["key", "owner", "created", "retired"])?;
        let mut keys = self.keys.take().unwrap_or_default();
        while let Some(row) = rows.next()? {
            let [key, owner, created, retired] = row.values.as_slice() else { continue };
            let key = row.required("key", key.as_ref())?;
            let (created, retired) =
                (row.begin("created", created.as_ref())?, row.end("retired", retired.as_ref())?);
            row.in_order("created", created, "retired", retired)?;
            if keys.iter().any(|k: &KeyRow| k.key == key) {
                return Err(
                    row.wrong(format!("key `{key}` stands twice"), "keep one row for each key".to_owned())
                );
            }
            keys.push(KeyRow { key, owner: owner.clone(), created, retired });
        }
        keys.sort();
        self.keys = Some(keys);
        Ok(())
    }

    /// Adds `people.csv`: `person,joined,left`, in any order, other columns ignored. A person who came back has several rows.
    ///
    /// # Errors
    /// If a column is missing, a person or time cannot be read, or a person stands twice for one time; names the line.
    pub fn add_people(&mut self, file: &str, text: &str) -> Result<(), CatalogError> {
        let mut rows = Rows::read(file, text, &["person", "joined", "left"])?;
        let mut people: Vec<(PersonRow, u64)> = Vec::new();
        while let Some(row) = rows.next()? {
            let [person, joined, left] = row.values.as_slice() else { continue };
            let person = row.required("person", person.as_ref())?;
            let (joined, left) = (row.begin("joined", joined.as_ref())?, row.end("left", left.as_ref())?);
            row.in_order("joined", joined, "left", left)?;
            people.push((PersonRow { person, joined, left }, row.line));
        }
        people.sort();
        for two in people.windows(2) {
            let [(one, _), (other, line)] = two else { continue };
            if one.person == other.person
                && one.left.is_none_or(|left| other.joined.is_none_or(|at| at < left))
            {
                return Err(CatalogError::Csv {
                    file: file.to_owned(),
                    line: *line,
                    message: format!("`{}` stands twice for the same time", other.person),
                    help: "keep one row for each time that a person was there; who came back has a row with `left` before it".to_owned(),
                });
            }
        }
        self.people.get_or_insert_default().extend(people.into_iter().map(|(person, _)| person));
        Ok(())
    }
}

/// Rows of a CSV text, by the columns asked for.
pub(crate) struct Rows<'a> {
    file: &'a str,
    reader: csv::Reader<&'a [u8]>,
    columns: Vec<usize>,
}

/// One row: the columns asked for, in that order, `None` where blank.
pub(crate) struct Row<'a> {
    file: &'a str,
    line: u64,
    pub(crate) values: Vec<Option<String>>,
}

impl<'a> Rows<'a> {
    pub(crate) fn read(file: &'a str, text: &'a str, names: &[&str]) -> Result<Self, CatalogError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader =
            csv::ReaderBuilder::new().trim(csv::Trim::All).comment(Some(b'#')).from_reader(text.as_bytes());
        let header = reader.headers().map_err(|e| unreadable(file, &e))?.clone();
        let mut columns = Vec::with_capacity(names.len());
        for name in names {
            let at = header.iter().position(|h| h.eq_ignore_ascii_case(name));
            columns.push(at.ok_or_else(|| CatalogError::Csv {
                file: file.to_owned(),
                line: 1,
                message: format!("there is no column `{name}`"),
                help: format!(
                    "the first line names the columns: `{}`; {}",
                    names.join(","),
                    nearest(name, header.iter())
                ),
            })?);
        }
        Ok(Self { file, reader, columns })
    }

    pub(crate) fn next(&mut self) -> Result<Option<Row<'a>>, CatalogError> {
        let mut record = csv::StringRecord::new();
        if !self.reader.read_record(&mut record).map_err(|e| unreadable(self.file, &e))? {
            return Ok(None);
        }
        let line = record.position().map_or(0, csv::Position::line);
        let value = |at: &usize| record.get(*at).filter(|v| !v.is_empty()).map(str::to_owned);
        Ok(Some(Row { file: self.file, line, values: self.columns.iter().map(value).collect() }))
    }
}

impl Row<'_> {
    fn wrong(&self, message: String, help: String) -> CatalogError {
        CatalogError::Csv { file: self.file.to_owned(), line: self.line, message, help }
    }

    fn required(&self, name: &str, value: Option<&String>) -> Result<String, CatalogError> {
        let missing = || self.wrong(format!("`{name}` is blank"), format!("give each row its `{name}`"));
        value.cloned().ok_or_else(missing)
    }

    /// That what ends does not end before it begins.
    fn in_order(
        &self,
        begins: &str,
        begin: Option<Micros>,
        ends: &str,
        end: Option<Micros>,
    ) -> Result<(), CatalogError> {
        match begin.zip(end) {
            Some((begin, end)) if end <= begin => Err(self.wrong(
                format!("`{ends}` is before `{begins}`"),
                format!("exchange them, or leave `{ends}` blank"),
            )),
            _ => Ok(()),
        }
    }

    fn begin(&self, name: &str, value: Option<&String>) -> Result<Option<Micros>, CatalogError> {
        let wrong = |v: &String| {
            self.wrong(
                format!("`{name}` is `{v}`, which is no time"),
                "write `2025-01-31` or `2025-01-31T18:00:00Z`".to_owned(),
            )
        };
        value.map(|v| Micros::parse(v).map_err(|_| wrong(v))).transpose()
    }

    fn end(&self, name: &str, value: Option<&String>) -> Result<Option<Micros>, CatalogError> {
        let bare = value.is_some_and(|v| !v.contains(':'));
        Ok(self.begin(name, value)?.map(|at| if bare { Micros(at.0.saturating_add(DAY_US)) } else { at }))
    }
}

fn unreadable(file: &str, error: &csv::Error) -> CatalogError {
    CatalogError::Csv {
        file: file.to_owned(),
        line: error.position().map_or(1, csv::Position::line),
        message: match error.kind() {
            csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                format!("it has {len} values for {expected_len} columns")
            }
            _ => "it is no CSV".to_owned(),
        },
        help: "separate values with commas, and quote a value that holds one".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<Micros> {
        Some(Micros::parse(text).unwrap())
    }

    #[test]
    fn inventories_are_read() {
        let mut all = Inventories::default();
        all.add_keys(
            "keys.csv",
            "owner,key,created,retired,note\nann,k1,2024-04-01,2025-11-19,x\n,k2,2024-04-01T10:00:00Z,,\n",
        )
        .unwrap();
        let keys = all.keys.unwrap();
        assert_eq!(keys[0].retired, at("2025-11-20"), "a key retired on a day may sign to its end");
        assert_eq!(
            (keys[1].owner.clone(), keys[1].created, keys[1].retired),
            (None, at("2024-04-01T10:00:00Z"), None)
        );
        let mut all = Inventories::default();
        all.add_people("p.csv", "\u{feff}person,joined,left\nann,2022-11-16,2025-01-01\n# gone\n").unwrap();
        assert_eq!(all.people.unwrap()[0].left, at("2025-01-02"));
    }

    #[test]
    fn errors_name_line_and_mend() {
        let fail = |text: &str| match Inventories::default().add_keys("keys.csv", text).unwrap_err() {
            CatalogError::Csv { line, message, help, .. } => (line, message, help),
            other => panic!("{other}"),
        };
        let (line, message, help) = fail("key,ownr,created,retired\n");
        assert_eq!((line, message.as_str()), (1, "there is no column `owner`"));
        assert!(help.ends_with("did you mean `ownr`?"), "{help}");
        assert_eq!(fail("key,owner,created,retired\nk,a,2024-04-01,\nk2,a,soon,\n").0, 3);
        assert_eq!(
            fail("key,owner,created,retired\nk,a\n"),
            (2, "it has 2 values for 4 columns".into(), fail("key,owner,created,retired\nk,a\n").2)
        );
        assert_eq!(
            fail("key,owner,created,retired\nk,a,,\nk2,b,2025-01-02,2025-01-01\n"),
            (3, "`retired` is before `created`".into(), "exchange them, or leave `retired` blank".into())
        );
        let people = |text: &str| Inventories::default().add_people("p.csv", text).unwrap_err().to_string();
        assert_eq!(
            people("person,joined,left\nann,2025-02-01,2025-01-01\n"),
            "`p.csv` line 2: `left` is before `joined`"
        );
        assert_eq!(
            people("person,joined,left\nann,2025-01-01,\nbob,,\nann,2025-06-01,\n"),
            "`p.csv` line 4: `ann` stands twice for the same time"
        );
        Inventories::default()
            .add_people("p.csv", "person,joined,left\nann,2025-01-01,2025-02-01\nann,2025-06-01,\n")
            .unwrap();
        assert_eq!(fail("key,owner,created,retired\nk,a,,\nk,b,,\n").1, "key `k` stands twice");
    }
}
