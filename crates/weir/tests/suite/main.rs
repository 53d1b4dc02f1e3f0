//! The program as a user at a terminal meets it.

#![expect(clippy::unwrap_used, reason = "a test that cannot start the program fails")]

#[expect(dead_code, reason = "of the authority of evidence's own tests")]
#[path = "../../../weir-evidence/tests/suite/authority.rs"]
mod authority;
mod bucket;
#[cfg(feature = "cluster")]
mod cluster;
mod diff;
mod erase;
mod evidence;
mod examples;
mod findings;
mod hold;
#[expect(dead_code, reason = "evidence's own tests ask where its root lies")]
#[path = "../../../weir-evidence/tests/suite/https.rs"]
mod https;
mod inputs;
mod lakes;
mod report;
mod rotation;
mod scope;
mod terminal;
#[expect(clippy::print_stdout, reason = "of the tools of evidence's own tests; a skip says why")]
#[path = "../../../weir-evidence/tests/suite/tools.rs"]
mod tools;
