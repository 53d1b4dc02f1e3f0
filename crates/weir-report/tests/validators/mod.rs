//! Other people's validators read every export: OCSF's schema, `stix2-validator`, `misp-stix`, `case_validate`, VERIS's schema, and ATT&CK v18.

#[expect(clippy::print_stdout, reason = "a skip says why")]
mod run;

use crate::{all, batched, shop};

/// Both kinds of leak, nothing at all, and strings that attack.
const CASES: [&str; 4] = ["cloud", "shop", "nothing", "hostile"];

#[test]
fn other_peoples_validators_pass_every_export() {
    let dir = tempfile::tempdir().unwrap();
    let cases: Vec<_> = all().into_iter().filter(|(name, _)| CASES.contains(name)).collect();
    assert_eq!(cases.len(), CASES.len());
    for (name, case) in &cases {
        let people = batched(shop::people().take(30));
        weir_report::write_case(&dir.path().join(name), case, people, std::iter::empty()).unwrap();
    }
    let folders: Vec<_> = cases.iter().map(|(name, _)| dir.path().join(name)).collect();
    if let Some(faults) = run::faults(&folders) {
        assert!(faults.is_empty(), "{faults:#?}");
    }
}
