//! People who come, go and change, over batches cut anywhere.

use super::*;
use crate::folder::CaseFolder;
use std::convert::Infallible;
use weir_model::Micros;
use weir_model::case::ExposedSubject;

fn person(subject: &str, records: u64) -> ExposedSubject {
    ExposedSubject {
        subject: subject.into(),
        status: "named".into(),
        first: Micros(0),
        last: Micros(1_000_000),
        records,
        categories: vec!["name".into()],
        findings: vec!["f".into()],
        countries: Vec::new(),
    }
}

fn batches(all: &[ExposedSubject], size: usize) -> impl Iterator<Item = People<Infallible>> {
    all.chunks(size).map(|some| Ok(ExposedSubject::batch(some).unwrap()))
}

#[test]
fn people_are_counted_exactly_however_batches_are_cut() {
    // `member-x` lies before `member:` as text, and after it as a namespace.
    let old = [person("member:1", 1), person("member:2", 1), person("member:3", 1), person("member-x:1", 1)];
    let mut grown = person("member:2", 5);
    grown.countries = vec!["KR".into()];
    let new = [
        grown,
        person("member:3", 1),
        person("member:4", 1),
        person("member-x:0", 1),
        person("member-x:1", 1),
    ];
    for (a, b) in [(1, 1), (2, 3), (9, 9), (1, 9)] {
        let told = compare_people(batches(&old, a), batches(&new, b), None).unwrap().unwrap();
        let expected = PeopleChange {
            old: 4,
            new: 5,
            added: 2,
            gone: 1,
            changed: 1,
            same: 2,
            columns: [("countries".to_owned(), 1), ("records".to_owned(), 1)].into(),
        };
        assert_eq!(told, expected, "{a} {b}");
    }
    let told = compare_people(batches(&[], 1), batches(&new, 2), None).unwrap().unwrap();
    assert_eq!((told.old, told.new, told.added), (0, 5, 5));
}

#[test]
fn rows_that_are_not_sorted_are_not_compared() {
    let (sorted, twisted) = ([person("m:1", 1), person("m:2", 1)], [person("m:2", 1), person("m:1", 1)]);
    let twice = [person("m:1", 1), person("m:1", 1)];
    for size in [1, 2] {
        let of = |old: &[ExposedSubject], new: &[ExposedSubject]| {
            compare_people(batches(old, size), batches(new, size), None).unwrap()
        };
        assert!(of(&sorted, &sorted).is_ok());
        assert!(of(&twisted, &sorted).unwrap_err().contains("the old case is not sorted"));
        assert!(of(&sorted, &twisted).unwrap_err().contains("the new case is not sorted"));
        assert!(of(&twice, &sorted).is_err());
    }
    // What another version wrote may have other columns.
    let fewer =
        batches(&sorted, 2).map(|batch| Ok::<_, Infallible>(batch?.project(&[0, 1, 2, 3, 4]).unwrap()));
    let told = compare_people(fewer, batches(&sorted, 2), None).unwrap();
    assert!(told.unwrap_err().contains("the old case has other columns"));
}

#[test]
fn the_table_names_each_with_both_sides_is_inert_and_its_owners_alone() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("people.csv");
    std::fs::write(&place, "before").unwrap();
    let old = [person("member:1", 1), person("member:2", 1), person("member:9", 1)];
    let new = [person("=cmd:\u{202e}1", 3), person("member:2", 5), person("member:9", 1)];
    let mut table = PeopleTable::begin(&place).unwrap();
    compare_people(batches(&old, 2), batches(&new, 2), Some(&mut table)).unwrap().unwrap();
    assert_eq!(std::fs::read_to_string(&place).unwrap(), "before", "not there until it is whole");
    table.end().unwrap();
    let (at, until) = ("1970-01-01T00:00:00Z", "1970-01-01T00:00:01Z");
    let expected = format!(
        "subject,change,status_old,status_new,first_old,first_new,last_old,last_new,records_old,records_new,\
        categories_old,categories_new,findings_old,findings_new,countries_old,countries_new\r\n\
        '=cmd:<U+202E>1,added,,named,,{at},,{until},,3,,name,,f,,\r\n\
        member:1,gone,named,,{at},,{until},,1,,name,,f,,,\r\n\
        member:2,changed,named,named,{at},{at},{until},{until},1,5,name,name,f,f,,\r\n"
    );
    assert_eq!(std::fs::read_to_string(&place).unwrap(), expected);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&place).unwrap().permissions().mode() & 0o777, 0o600);
    }
    drop(PeopleTable::begin(&dir.path().join("other.csv")).unwrap());
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "what is not finished leaves nothing");
}

#[test]
fn a_folder_is_read_again_and_another_version_is_said_to_be_one() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("case");
    let case = crate::diff::tests::case();
    let people = [person("member:1", 1), person("member:2", 1)];
    crate::write_case(&folder, &case, batches(&people, 1), std::iter::empty()).unwrap();
    let read = CaseFolder::read(&folder).unwrap();
    assert_eq!(read.case, case);
    let streams = || CaseFolder::read(&folder).unwrap().people().unwrap().unwrap();
    let told = compare_people(streams(), streams(), None).unwrap().unwrap();
    assert_eq!((told.same, told.old, told.new), (2, 2, 2));
    let columns = folder.join("exports/scope.parquet");
    std::fs::write(&columns, "no columns").unwrap();
    let damaged = CaseFolder::read(&folder).unwrap().people().err().unwrap().to_string();
    assert!(damaged.contains("scope.parquet"), "{damaged}");
    std::fs::remove_file(&columns).unwrap();
    assert!(CaseFolder::read(&folder).unwrap().people().unwrap().is_none());
    let seal = folder.join("case.json");
    std::fs::write(&seal, r#"{ "version": 7, "program": "weir 9.0", "else": 1 }"#).unwrap();
    let other = CaseFolder::read(&folder).unwrap_err();
    assert!(other.to_string().contains("case.json` is a case of version 7; this program reads version 1"));
    assert!(other.help().unwrap().contains("weir 9.0"));
    let absent = CaseFolder::read(dir.path()).unwrap_err();
    assert!(absent.to_string().contains("case.json") && absent.help().is_some());
}
