//! A user's place, and the program run there.

use std::path::PathBuf;
use std::process::{Command, Output};

/// An empty folder, gone with the test.
pub struct Terminal(tempfile::TempDir);

impl Terminal {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The program with these arguments, by a user named ann.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut weir = Command::new(env!("CARGO_BIN_EXE_weir"));
        weir.args(arguments).current_dir(self.0.path());
        weir.env("WEIR_FINGERPRINT_KEY", self.path("key")).env("USER", "ann").env_remove("WEIR_LOG");
        weir
    }

    pub fn weir(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What the program says, which is to succeed.
    pub fn said(&self, arguments: &[&str]) -> String {
        let output = self.weir(arguments);
        assert!(output.status.success(), "{}", words(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

/// What was said, whatever the width it was set in.
pub fn words(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.split_whitespace().filter(|word| !matches!(*word, "│" | "|")).collect::<Vec<_>>().join(" ")
}
