//! The version of a case to pass on: what a file of it may hold, and what none does.

#![expect(clippy::unwrap_used, reason = "a test says what must hold by failing")]

#[expect(dead_code, reason = "each test binary uses its own part of the samples")]
mod samples;

use samples::*;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use weir_model::case::Case;
use weir_model::finding::stable_id;
use weir_model::{Entity, EntityKind};
use weir_report::masked::{Hiding, MaskedCase};
use weir_report::{ReportError, write_case};

fn keyed(id: &str) -> String {
    format!("p_{}", stable_id(&["key", id]))
}

/// Writes a case and masks it; gives the masked folder's case.
fn masked(root: &Path, case: &Case, keep_origins: bool) -> Case {
    let dir = root.join("case");
    write_case(&dir, case, batched(shop::people().take(900)), std::iter::empty()).unwrap();
    let hiding = Hiding { pseudonym: &keyed, keep_origins };
    MaskedCase::of(&dir, case, hiding).unwrap().write(&root.join("masked")).unwrap();
    serde_json::from_slice(&fs::read(root.join("masked/case.json")).unwrap()).unwrap()
}

/// Everything that the files of a folder hold, Parquet decoded, by file.
fn contents(folder: &Path) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            all.extend(contents(&path));
            continue;
        }
        let mut text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        if name.ends_with(".parquet") {
            let file = fs::File::open(&path).unwrap();
            let reader =
                parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
            reader.build().unwrap().for_each(|batch| text += &format!("{:?}", batch.unwrap()));
        }
        all.push((name, text));
    }
    all
}

/// Every entity of a case, wherever it stands.
fn entities(value: &serde_json::Value, all: &mut BTreeSet<Entity>) {
    all.extend(serde_json::from_value::<Entity>(value.clone()));
    match value {
        serde_json::Value::Array(items) => items.iter().for_each(|item| entities(item, all)),
        serde_json::Value::Object(fields) => fields.values().for_each(|field| entities(field, all)),
        _ => {}
    }
}

/// What a case names and a masked one may not.
fn names(case: &Case) -> Vec<String> {
    use EntityKind::{Asn, Country, Crossing, Dataset, Route, Sensor};
    let mut all = BTreeSet::new();
    entities(&serde_json::to_value(case).unwrap(), &mut all);
    let passed = [Asn, Country, Crossing, Dataset, Route, Sensor];
    let named = all.into_iter().filter(|e| !passed.contains(&e.kind)).map(|e| e.value);
    let said = case.findings.iter().flat_map(|f| {
        let words = f.dispositions.iter().flat_map(|d| [d.by.clone(), d.reason.clone()]);
        words.chain([f.id.clone(), f.evidence.0.query().to_owned()])
    });
    let people = shop::people().take(900).map(|p| p.subject);
    named.chain(said).chain(people).filter(|name| name.len() > 3).collect()
}

#[test]
fn no_byte_of_a_masked_folder_names_anybody() {
    for (name, case) in [("shop", shop::case()), ("cloud", cloud::case()), ("judged", judged::case())] {
        let root = tempfile::tempdir().unwrap();
        masked(root.path(), &case, false);
        let (names, files) = (names(&case), contents(&root.path().join("masked")));
        assert!(names.len() > 20 && files.len() > 12, "{name}: {} in {}", names.len(), files.len());
        for (file, text) in files {
            let found: Vec<_> = names.iter().filter(|name| text.contains(name.as_str())).collect();
            assert!(found.is_empty(), "{name}, {file}: {found:?}");
        }
    }
}

#[test]
fn a_masked_case_holds_together_and_says_what_it_is() {
    let root = tempfile::tempdir().unwrap();
    let mut case = shop::case();
    case.findings[0].measures.insert("people_since_1_january".to_owned(), 7.0);
    let told = masked(root.path(), &case, false);
    assert!(told.masked);
    let measured = |case: &Case| case.findings.iter().map(|f| f.measures.clone()).collect::<Vec<_>>();
    assert_eq!(measured(&told), measured(&case));
    let ids: BTreeSet<&str> = told.findings.iter().map(|f| f.id.as_str()).collect();
    assert!(told.finding_scopes.keys().chain(told.traces.keys()).all(|id| ids.contains(id.as_str())));
    assert!(told.timeline.iter().flat_map(|e| &e.findings).all(|id| ids.contains(id.as_str())));
    assert_eq!((told.scope.subjects, told.findings.len()), (case.scope.subjects, case.findings.len()));
    let read = |name: &str| fs::read_to_string(root.path().join("masked").join(name)).unwrap();
    for report in ["report.md", "report.html"] {
        assert!(read(report).contains("Masked: data of") && read(report).contains("Masked, to be passed on"));
    }
    let rows: Vec<String> = read("scope.csv").lines().skip(1).map(str::to_owned).collect();
    let mut want: Vec<String> = shop::people().take(900).map(|p| p.subject).collect();
    want.iter_mut().for_each(|subject| {
        let (namespace, id) = subject.split_once(':').unwrap();
        *subject = format!("{namespace}:{}", keyed(id));
    });
    want.sort();
    let subjects: Vec<&str> = rows.iter().map(|row| row.split(',').next().unwrap()).collect();
    assert_eq!(subjects, want, "in the order of pseudonyms, which says nothing of the ids");
    let of: BTreeSet<&str> = rows.iter().flat_map(|row| row.split(',').nth(6).unwrap().split(' ')).collect();
    assert!(of.iter().all(|id| ids.contains(id)), "{of:?}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(root.path().join("masked")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
    let hiding = Hiding { pseudonym: &keyed, keep_origins: false };
    let again = MaskedCase::of(&root.path().join("masked"), &told, hiding).err().unwrap();
    assert!(matches!(again, ReportError::Masked { .. }), "{again}");
}

#[test]
fn addresses_stay_where_somebody_has_to_block_them_and_nothing_else_does() {
    let root = tempfile::tempdir().unwrap();
    let case = shop::case();
    masked(root.path(), &case, true);
    let mut all = BTreeSet::new();
    entities(&serde_json::to_value(&case).unwrap(), &mut all);
    let address = |e: &&Entity| matches!(e.kind, EntityKind::Origin | EntityKind::Prefix);
    let addresses: BTreeSet<&str> = all.iter().filter(address).map(|e| e.value.as_str()).collect();
    let report = fs::read_to_string(root.path().join("masked/findings.jsonl")).unwrap();
    assert!(
        case.findings.iter().flat_map(|f| &f.entities).filter(address).all(|e| report.contains(&e.value))
    );
    for (file, text) in contents(&root.path().join("masked")) {
        for name in names(&case).iter().filter(|name| !addresses.contains(name.as_str())) {
            assert!(!text.contains(name.as_str()), "{file}: {name}");
        }
    }
}

/// Whoever stands nowhere but in the list of people and in the name of a log.
#[test]
fn a_person_in_the_name_of_a_log_is_masked_there_too() {
    let someone = shop::people().take(900).map(|p| p.subject).last().unwrap();
    let id = someone.split_once(':').unwrap().1.to_owned();
    let id = if id.len() < 6 { "kim-dahyun".to_owned() } else { id };
    // The second is a word of Weir's own.
    for id in [id, "grant".to_owned()] {
        let root = tempfile::tempdir().unwrap();
        let mut case = shop::case();
        case.intake[0].path = format!("exports/{id}/access.log");
        let mut people: Vec<_> = shop::people().take(2).collect();
        people[1].subject = format!("member:{id}");
        let dir = root.path().join("case");
        write_case(&dir, &case, batched(people.into_iter()), std::iter::empty()).unwrap();
        let hiding = Hiding { pseudonym: &keyed, keep_origins: false };
        let told = MaskedCase::of(&dir, &case, hiding).unwrap().case;
        assert_eq!(told.intake[0].path, format!("exports/{}/access.log", keyed(&id)));
    }
}

/// Logins that are words of Weir's own sentences.
const WORDS: [&str; 9] = ["nobody", "data", "at", "people", "high", "no", "the", "7", "2026"];

/// Every sentence that the crates before the report write, as a language knows them, with a name wherever one can stand.
fn sentences(name: &str) -> Vec<String> {
    let place = |of| Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/korean/{of}.txt"));
    let texts = ["detect", "engine"].map(|of| fs::read_to_string(place(of)).unwrap());
    let english = |entry: &str| entry.trim().lines().find(|line| !line.starts_with("# ")).map(str::to_owned);
    let entries = texts.iter().flat_map(|text| text.split("\n\n")).filter_map(english);
    let filled = |entry: String| {
        let parts = entry.split('{').map(|part| match part.split_once('}') {
            Some((hole, rest)) if hole.starts_with("id") => format!("{name}{rest}"),
            Some((_, rest)) => format!("12{rest}"),
            None => part.to_owned(),
        });
        parts.collect::<String>()
    };
    entries.filter(|entry| entry.matches(' ').count() > 1).map(filled).collect()
}

/// A case whose only actor has a name, with everything that can be said of one.
fn case_of(login: &str) -> Case {
    let mut case = judged::case();
    case.findings.truncate(1);
    let f = &mut case.findings[0];
    f.entities = vec![Entity::new(EntityKind::Actor, login)];
    f.title = format!("{login} tried in vain to switch logging off");
    f.explanation =
        "7 people are named by records; at most 3 more are possible: 3 for sessions or credentials whose holders no record names. \
        Rows are not people: a person may have many rows, and a row may concern nobody."
            .to_owned();
    case.limits = sentences(login);
    case
}

#[test]
fn whoever_is_called_by_a_word_is_masked_where_a_name_stands_and_not_in_the_words_of_weir() {
    let told = |login: &str| {
        let root = tempfile::tempdir().unwrap();
        let told = masked(root.path(), &case_of(login), false);
        (told, contents(&root.path().join("masked")))
    };
    let (rare, _) = told("zqx7vk");
    for login in WORDS {
        let (called, files) = told(login);
        assert_eq!(called.findings[0].title, case_of(&keyed(login)).findings[0].title);
        assert_eq!(called.findings[0].explanation, case_of(login).findings[0].explanation, "{login}");
        for (file, text) in files {
            assert!(!text.contains(&format!("{login} tried in vain")), "{file} names {login}");
        }
        assert!(called.limits.len() > 900, "{}", called.limits.len());
        assert!(called.limits.iter().any(|text| text.contains("compare their SHA-256 with the account's")));
        for (called, rare) in called.limits.iter().zip(&rare.limits) {
            let rare = rare.replace(&keyed("zqx7vk"), &keyed(login));
            // Where names and words of ours may stand, it is a name.
            let doubtful = rare.replace(&format!("({login})"), &format!("({})", keyed(login)));
            assert!(*called == rare || *called == doubtful, "{login}: {called}\n{rare}");
        }
    }
}
