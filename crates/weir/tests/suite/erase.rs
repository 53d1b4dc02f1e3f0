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

#[test]
fn sessions_go_that_only_the_log_of_sign_ins_ties_to_the_person() {
    let here = Place::new();
    let issued = |n: u32, user: &str, id: &str, parent: &str| {
        format!(
            "{{\"timestamp\":\"2026-03-01T10:00:{n:02}Z\",\"event\":\"token_issued\",\"sub\":\"{user}\",\"jti\":\"{id}\"{parent},\"client_id\":\"web\"}}\n"
        )
    };
    let tokens = [
        issued(1, "ann", "tok-ann-1", ""),
        issued(2, "bert", "tok-bert-1", ""),
        // A session that two were given is nobody's alone.
        issued(3, "ann", "tok-desk-1", ""),
        issued(4, "bert", "tok-desk-1", ""),
    ];
    std::fs::write(here.0.path("logs/tokens.jsonl"), tokens.concat()).unwrap();
    let read = |n: u32, session: &str| {
        format!(
            "{{\"time\":\"2026-03-01T10:01:{n:02}Z\",\"client_ip\":\"198.51.100.4\",\"method\":\"GET\",\"path\":\"/basket\",\"status\":200,\"session_id\":\"{session}\"}}\n"
        )
    };
    let reads = [read(1, "tok-ann-1"), read(2, "tok-ann-1"), read(3, "tok-bert-1"), read(4, "tok-desk-1")];
    std::fs::write(here.0.path("logs/shop.jsonl"), reads.concat()).unwrap();
    here.0.said(&["investigate", "logs", "-o", "case", "--lake", "lake", "--config", "weir.toml"]);
    let baskets = "access WHERE path = '/basket'";
    assert_eq!((here.count(baskets), here.count("auth WHERE credential IS NOT NULL")), (4, 4));
    let (code, said) = here.erase(&["--config", "weir.toml"]);
    assert!(code == Some(0) && !said.contains("warning"), "{said}");
    assert!(
        said.contains("may be the person's and stay (access 1; auth")
            || said.contains("stay (access 1, auth"),
        "{said}"
    );
    assert_eq!(here.count(baskets), 2, "those of the session that ann alone was given are gone");
    assert_eq!(here.count("auth WHERE \"user\" = 'ann'"), 0);
    assert_eq!(here.count("auth WHERE \"user\" = 'bert' AND credential IS NOT NULL"), 2, "nobody else's");
}

#[test]
fn who_is_asked_for_where_nobody_can_be_known_is_told_so() {
    let here = Place::new();
    let erase = |subject: &str, config: &[&str]| {
        let order = ["erase", "--lake", "lake", "--subject", subject, "--order", "12", "--reason", "Art. 17"];
        let done = here.0.weir(&[&order[..], config, &["--dry-run"]].concat());
        (done.status.code(), words(&[done.stdout, done.stderr].concat()))
    };
    let (code, said) = erase("membre:471100", &["--config", "weir.toml"]);
    assert!(code == Some(2) && said.contains("no person is known as `membre:...`"), "{said}");
    assert!(said.contains("known without more: member"), "{said}");
    let (code, said) = erase("member:471100", &[]);
    let warned = said.contains("no --config was given, and this lake was last folded under another");
    assert!(code == Some(0) && warned, "{said}");
    let (code, said) = erase("member:999999", &["--config", "weir.toml"]);
    assert!(code == Some(0) && said.contains("no record in this lake shows or names the person"), "{said}");
    let (code, said) = erase("member:471100", &["--config", "weir.toml"]);
    assert!(code == Some(0) && !said.contains("warning"), "{said}");
}
