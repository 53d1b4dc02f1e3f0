//! Erasing what is a person's beside the records that show them: logins, sessions, what could not be read.

use crate::terminal::{Terminal, words};

const CONFIG: &str =
    "[[dataset]]\nname = \"orders\"\nroutes = [\"/members/{member}/orders\"]\nsubject = \"member\"\n";
const LINK: &str = "[[link]]\nfrom = \"actor\"\nto = \"member\"\nfile = \"logins.csv\"\n";

struct Place(Terminal);

impl Place {
    /// A lake of a web log and a machine's log: ann is member 471100, and somebody else's login is called 471100.
    fn new() -> Self {
        let here = Self(Terminal::new());
        std::fs::create_dir(here.0.path("logs")).unwrap();
        let web = |minute: u32, user: &str, path: &str| {
            format!(
                "192.0.2.7 - {user} [01/Mar/2026:08:{minute:02}:07 +0000] \"GET {path} HTTP/1.1\" 200 900 \"-\" \"curl/8\"\n"
            )
        };
        let mut log: String =
            (0..40).map(|n| web(n, "bert", &format!("/members/{}/orders", 500_000 + n))).collect();
        log.push_str(&web(40, "bert", "/members/471100/orders"));
        log.push_str(&web(41, "ann", "/help"));
        log.push_str("broken GET /members/471100/orders\nbroken 14711005\n");
        std::fs::write(here.0.path("logs/access.log"), log).unwrap();
        let sshd = |second: u32, message: &str| {
            format!("2026-03-01T09:00:{second:02}+00:00 web1 sshd[{second}]: {message}\n")
        };
        let accepted = |user: &str| format!("Accepted password for {user} from 192.0.2.10 port 4711 ssh2");
        let lines = [
            sshd(1, &accepted("ann")),
            sshd(2, "subsystem request for sftp by user ann"),
            sshd(3, &accepted("bert")),
            sshd(4, &accepted("471100")),
        ];
        std::fs::write(here.0.path("logs/auth.log"), lines.concat()).unwrap();
        std::fs::write(here.0.path("plain.toml"), CONFIG).unwrap();
        std::fs::write(here.0.path("weir.toml"), format!("{CONFIG}{LINK}")).unwrap();
        std::fs::write(here.0.path("logins.csv"), "actor,member\nann,471100\nbert,500000\n").unwrap();
        here.0.said(&["investigate", "logs", "-o", "case", "--lake", "lake", "--config", "weir.toml"]);
        here
    }

    fn erase(&self, more: &[&str]) -> (Option<i32>, String) {
        let order =
            ["erase", "--lake", "lake", "--subject", "member:471100", "--order", "12", "--reason", "Art. 17"];
        let done = self.0.weir(&[&order[..], more].concat());
        (done.status.code(), words(&[done.stdout, done.stderr].concat()))
    }

    fn count(&self, from: &str) -> u64 {
        let sql = format!("SELECT count(*) AS n FROM {from}");
        let said = self.0.said(&["sql", "--lake", "lake", "--json", "--unmask", "--reason", "test", &sql]);
        serde_json::from_str::<serde_json::Value>(&said).unwrap()["n"].as_u64().unwrap()
    }
}

#[test]
fn a_persons_logins_and_what_could_not_be_read_of_them_go_where_a_link_says_whose_they_are() {
    let here = Place::new();
    let tables = ["access", "auth", "host", "rejects"];
    let before = tables.map(|table| here.count(table));
    assert_eq!(before, [42, 3, 1, 2]);
    // Without a link a login of the person's id may be anybody's.
    let (code, said) = here.erase(&["--config", "plain.toml", "--dry-run"]);
    assert!(code == Some(0) && said.contains("access 1; rejects 1") && !said.contains("host"), "{said}");
    assert!(said.contains("1 rows may be the person's and stay (auth 1)"), "{said}");
    // Holds go first, in every table.
    let hold = ["hold", "add", "--lake", "lake", "--order", "7/2026", "--source", "syslog_auth"];
    here.0.said(&hold);
    let (code, said) = here.erase(&["--config", "weir.toml"]);
    assert!(code == Some(1) && said.contains("under h1: nothing was erased"), "{said}");
    assert_eq!(tables.map(|table| here.count(table)), before);
    let (code, said) = here.erase(&["--config", "weir.toml", "--except-held"]);
    assert!(code == Some(0) && said.contains("2 rows stay under h1"), "{said}");
    assert_eq!(tables.map(|table| here.count(table)), [40, 3, 1, 1]);
    here.0.said(&["hold", "release", "h1", "--lake", "lake", "--order", "9", "--reason", "closed"]);
    let (code, said) = here.erase(&["--config", "weir.toml"]);
    assert!(code == Some(0) && said.contains("auth 1; host 1"), "{said}");
    assert_eq!(tables.map(|table| here.count(table)), [40, 2, 0, 1]);
    for (from, left) in [
        ("access WHERE actor = 'ann' OR path LIKE '%471100%'", 0),
        ("auth WHERE \"user\" = 'ann' OR actor = 'ann'", 0),
        ("auth WHERE \"user\" = 'bert'", 1),
        ("auth WHERE \"user\" = '471100'", 1),
        ("rejects WHERE text = 'broken 14711005'", 1),
        ("rollup WHERE kind = 'actor' AND entity = 'ann'", 0),
    ] {
        assert_eq!(here.count(from), left, "{from}");
    }
    // What was erased does not come back, and the lake is whole.
    here.0.said(&["investigate", "logs", "-o", "case", "--lake", "lake", "--config", "weir.toml"]);
    assert_eq!(tables.map(|table| here.count(table)), [40, 2, 0, 1]);
    let listed = here.0.said(&["retain", "--lake", "lake", "--list"]);
    assert!(listed.contains("auth 1, host 1") && !listed.contains("471100"), "{listed}");
}
