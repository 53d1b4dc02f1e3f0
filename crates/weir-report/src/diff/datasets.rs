//! What personal data was taken to be: where a corrected configuration shows first.
//!
//! Decisive choice: a dataset is known by its name, as it is in a configuration; why it was taken to hold personal data is words with numbers in them, and the
//! numbers stand here by themselves.

use super::came;
use std::collections::BTreeMap;
use weir_model::case::DatasetUsed;
use weir_model::diff::{Change, DatasetChange, Datasets};

/// Compares what two cases took for personal data.
pub(super) fn datasets(old: &[DatasetUsed], new: &[DatasetUsed]) -> Datasets {
    let named = |all: &[DatasetUsed]| -> Vec<String> { all.iter().map(|d| d.name.clone()).collect() };
    let names = came(&named(old), &named(new));
    let before: BTreeMap<&str, &DatasetUsed> = old.iter().map(|d| (d.name.as_str(), d)).collect();
    let both = new.iter().filter_map(|is| Some((*before.get(is.name.as_str())?, is)));
    let changed = both.map(|(was, is)| change(was, is)).filter(|change| !is_same(change)).collect();
    Datasets { new: names.new, gone: names.gone, changed }
}

fn change(was: &DatasetUsed, is: &DatasetUsed) -> DatasetChange {
    DatasetChange {
        name: is.name.clone(),
        origin: Change::of(was.origin.clone(), is.origin.clone()),
        categories: Some(came(&was.categories, &is.categories)).filter(|c| !c.is_empty()),
        routes: Some(came(&was.routes, &is.routes)).filter(|c| !c.is_empty()),
        subject: Change::of(was.subject.clone(), is.subject.clone()),
        records: Change::of(was.records, is.records),
        subjects: Change::of(was.subjects, is.subjects),
    }
}

fn is_same(change: &DatasetChange) -> bool {
    let DatasetChange { name: _, origin, categories, routes, subject, records, subjects } = change;
    origin.is_none()
        && categories.is_none()
        && routes.is_none()
        && subject.is_none()
        && records.is_none()
        && subjects.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_corrected_dataset_names_what_of_it_changed() {
        let dataset = |name: &str, routes: &[&str]| DatasetUsed {
            name: name.into(),
            origin: "configured".into(),
            categories: vec!["name".into()],
            routes: routes.iter().map(|r| (*r).to_owned()).collect(),
            subject: "{member}".into(),
            ground: String::new(),
            subjects: 3,
            records: 5,
        };
        let told = datasets(
            &[dataset("a", &["/a"]), dataset("b", &["/b"]), dataset("same", &["/s"])],
            &[dataset("b", &["/b", "/c"]), dataset("same", &["/s"]), dataset("z", &["/z"])],
        );
        assert_eq!((told.new, told.gone), (vec!["z".to_owned()], vec!["a".to_owned()]));
        let [change] = &told.changed[..] else { unreachable!("{:?}", told.changed) };
        assert_eq!(change.routes.as_ref().unwrap().new, ["/c"]);
        assert_eq!((&change.categories, &change.origin), (&None, &None));
    }
}
