//! A sealed bag as the program would write it, and both ways to verify it.

use crate::{
    authority::Authority,
    tools::{must, text},
};
use std::{
    path::{Path, PathBuf},
    process::Command,
};
use weir_evidence::{
    Digest,
    bag::{self, BagWriter, Check, Sealed, Sealing},
    custody::{self, Act, Entry, Object},
    log::Log,
    sign::SigningKey,
    signers::Signers,
    stamp::Transport,
    stranger,
    tree::{self, Span},
};

/// A folder with a key, allowed signers, a log, an authority and whatever a test seals.
pub struct Desk {
    dir: tempfile::TempDir,
    pub authority: Authority,
    pub signers: Signers,
}

impl Desk {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path();
        must(
            at,
            "ssh-keygen -q -t ed25519 -N '' -C ana -f key && ssh-keygen -q -t ed25519 -N '' -C eva -f other",
        );
        must(at, "printf 'ana@example.org namespaces=\"weir-evidence\" %s\\n' \"$(cat key.pub)\" > signers");
        std::fs::write(at.join("verify.sh"), stranger::SCRIPT).unwrap();
        let lines: String =
            (0..1000).map(|i| format!("203.0.113.{} GET /members/{i} 200\n", i % 250)).collect();
        // Its last line, which is cited, has no end: the log was copied while it was written.
        std::fs::write(at.join("access.log"), lines.trim_end()).unwrap();
        std::fs::write(at.join("capture.bin"), (0..50_000u32).map(|i| (i % 253) as u8).collect::<Vec<u8>>())
            .unwrap();
        let authority = Authority::quick(&at.join("tsa"));
        let signers = Signers::read(&at.join("signers")).unwrap();
        let desk = Self { dir, authority, signers };
        // The log is not empty, so that proofs have something in them.
        for i in 0..5u8 {
            desk.log().append("example.org/evidence", &Digest::of(&[i])).unwrap();
        }
        desk
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub fn log(&self) -> Log {
        Log::at(self.at("log"))
    }

    /// A bag with everything that a case has.
    pub fn seal(&self, name: &str) -> Sealed {
        let http = self.authority.serve(1);
        self.finish(self.fill(name), "key", Some(&http))
    }

    /// A bag without a time stamp.
    pub fn seal_unstamped(&self, name: &str) -> Sealed {
        self.finish(self.fill(name), "key", None)
    }

    pub fn fill(&self, name: &str) -> BagWriter {
        let mut bag = BagWriter::create(&self.at(name)).unwrap();
        let mut objects = Vec::new();
        let last = std::fs::metadata(self.at("access.log")).unwrap().len() - 3;
        for (file, cited) in
            [("access.log", vec![(1000, 5), (1100, 20), (last, 1)]), ("capture.bin", vec![(9000, 10)])]
        {
            let cited: Vec<Span> = cited.into_iter().map(|(offset, bytes)| Span { offset, bytes }).collect();
            let (original, excerpts) =
                tree::read_file(&self.at(file), file, &cited, tree::CONTEXT_LEAVES).unwrap();
            objects.push(Object { name: original.path, sha256: original.sha256 });
            excerpts.iter().for_each(|excerpt| drop(bag.add_excerpt(excerpt, |json| json.into()).unwrap()));
        }
        let custody = self.at(&format!("{name}.custody.jsonl"));
        for what in [Act::Acquisition, Act::Read, Act::Seal] {
            let entry = Entry {
                when: "2026-11-26T12:00:00Z".parse().unwrap(),
                who: "Ana".into(),
                what,
                why: "case 7, \\ \"quoted\"".into(),
                authority: "order 7/26".into(),
                objects: objects.clone(),
                counts: std::collections::BTreeMap::new(),
            };
            custody::append(&custody, &entry).unwrap();
        }
        bag.add_custody(&custody).unwrap();
        let intake: String = objects
            .iter()
            .map(|o| format!("{{\"path\":\"{}\",\"sha256\":\"{}\"}}\n", o.name, o.sha256))
            .collect();
        bag.add("intake.jsonl", intake.as_bytes()).unwrap();
        for (file, content) in [
            ("case/report.md", "# Report\n"),
            ("case/findings.jsonl", "{}\n"),
            ("queries.sql", "SELECT 1;\n"),
            ("lake.json", "{\"access\":3}\n"),
            ("program.json", "{\"version\":\"0.1.0\"}\n"),
            ("config/weir.toml", "\n"),
        ] {
            bag.add(file, content.as_bytes()).unwrap();
        }
        bag
    }

    pub fn finish(&self, bag: BagWriter, key: &str, stamp: Option<&dyn Transport>) -> Sealed {
        let roots = self.authority.roots();
        bag.seal(&Sealing {
            signer: &SigningKey::read(&self.at(key), || None).unwrap(),
            log: &self.log(),
            origin: "example.org/evidence",
            authority: stamp.map(|transport| bag::Authority { transport, roots: &roots }),
            when: "2026-11-26T12:00:00Z".parse().unwrap(),
            info: &[("Source-Organization".into(), "Example".into())],
        })
        .unwrap()
    }

    /// What our verification says of a bag: the problems, one a line, or nothing.
    pub fn ours(&self, name: &str) -> String {
        self.ours_with(name, |_| {})
    }

    pub fn ours_with<'a>(&'a self, name: &str, change: impl FnOnce(&mut Check<'a>)) -> String {
        let now = "2026-11-26T12:00:00Z".parse().unwrap();
        let mut check = Check {
            signers: &self.signers,
            principal: None,
            roots: None,
            log: None,
            custody: None,
            log_key: None,
            now,
        };
        change(&mut check);
        match bag::verify(&self.at(name), &check) {
            Ok(_) => String::new(),
            Err(refused) => refused.problems.iter().map(|problem| format!("{problem}\n")).collect(),
        }
    }

    /// What the stranger's script says: its refusals, or nothing. It runs with no other programs than those it names.
    pub fn theirs(&self, name: &str) -> String {
        let tools = self.at("tools");
        if !tools.exists() {
            let all = "awk cat cmp comm cut dd find grep head mktemp od openssl rm sed sha256sum sort ssh-keygen tail tr uniq wc";
            must(
                self.dir(),
                &format!("mkdir tools; for t in {all}; do ln -s \"$(command -v $t)\" tools/$t; done"),
            );
        }
        let done = Command::new("/bin/sh")
            .args(["verify.sh", name, "signers", "tsa/root.pem"])
            .current_dir(self.dir.path())
            .env_clear()
            .env("PATH", tools)
            .output()
            .unwrap();
        let said = text(&done.stdout);
        let refused: String =
            said.lines().filter(|l| l.starts_with("REFUSED")).map(|l| format!("{l}\n")).collect();
        assert_eq!(done.status.code(), Some(i32::from(!refused.is_empty())), "{said}{}", text(&done.stderr));
        refused
    }
}

/// All files of a folder, by their path in it.
pub fn files(dir: &Path) -> Vec<String> {
    must(dir, "find . -type f | sed 's|^./||' | sort").lines().map(str::to_owned).collect()
}
