//! What the formats promise, on cases built by hand. `WEIR_REPORT_OUT=DIR` keeps the rendered cases for looking at.

mod samples;

use samples::*;
use weir_model::case::Case;

fn all() -> Vec<(&'static str, Case)> {
    vec![
        ("cloud", cloud::case()),
        ("shop", shop::case()),
        ("quiet", quiet()),
        ("nothing", nothing()),
        ("hostile", hostile::case()),
    ]
}

fn text(format: &str, case: &Case) -> String {
    String::from_utf8(weir_report::render(format, case).unwrap()).unwrap()
}

#[test]
fn keeps_cases_to_look_at() {
    let keep = std::env::var_os("WEIR_REPORT_OUT").map(std::path::PathBuf::from);
    let temporary = tempfile::tempdir().unwrap();
    let dir = keep.as_deref().unwrap_or(temporary.path());
    std::fs::create_dir_all(dir).unwrap();
    for (name, case) in all() {
        let written =
            weir_report::write_case(&dir.join(name), &case, shop::people(), std::iter::empty()).unwrap();
        assert_eq!(written.subjects, 21_313);
        assert!(dir.join(name).join("case.json").exists());
    }
}
