//! A real Chromium, driven from outside: the page's own policy allows no script, and needs none to be measured.
//!
//! Decisive choice: the DevTools protocol over two pipes, so there is no port, no driver program and no other library. Fonts are those of the
//! PDF alone, whatever is installed, so that a label is as wide on every machine.

use crate::debian;
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{LazyLock, mpsc},
    time::Duration,
};
use tempfile::TempDir;

/// What it is called, by who packaged it.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// The pipes that the protocol wants, from those that Rust gives.
const PIPES: &str = r#"exec "$0" "$@" 3<&0 4>&1 >/dev/null 2>&1"#;
/// A name that style sheets use, and the font it stands for.
const ALIASES: [(&str, &str); 6] = [
    ("ui-sans-serif", "Noto Sans"),
    ("system-ui", "Noto Sans"),
    ("sans-serif", "Noto Sans"),
    ("serif", "Noto Sans"),
    ("ui-monospace", "Noto Sans Mono"),
    ("monospace", "Noto Sans Mono"),
];

/// What a page is shown on.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    /// Width in CSS pixels.
    pub width: u32,
    /// `screen` or `print`.
    pub medium: &'static str,
    /// `light` or `dark`.
    pub scheme: &'static str,
}

/// A browser with one page.
pub struct Browser {
    child: Child,
    asks: ChildStdin,
    told: mpsc::Receiver<Value>,
    session: Option<String>,
    asked: u64,
    _home: TempDir,
}

/// The browser's name, installed once; `None`, said, where that cannot be.
pub fn browser() -> Option<Browser> {
    static NAME: LazyLock<Result<&str, String>> = LazyLock::new(|| {
        let found = || NAMES.into_iter().find(|name| debian::has(name));
        found().map_or_else(|| debian::have_all(&NAMES[..1], &NAMES[..1]).map(|()| NAMES[0]), Ok)
    });
    debian::or_skipped("pages cannot be laid out", NAME.clone()).map(Browser::start)
}

fn fonts(home: &Path) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fonts");
    let cache = home.join("fonts").display().to_string();
    let alias = |(name, font): (&str, &str)| {
        format!(
            "<alias binding=\"same\"><family>{name}</family><prefer><family>{font}</family></prefer></alias>"
        )
    };
    let aliases: String = ALIASES.into_iter().map(alias).collect();
    format!(
        "<?xml version=\"1.0\"?><fontconfig><dir>{folder}</dir><cachedir>{cache}</cachedir>{aliases}</fontconfig>"
    )
}

impl Browser {
    fn start(name: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("fonts.conf"), fonts(home.path())).unwrap();
        let mut sh = Command::new("sh");
        // What it opens is a file of ours; its sandbox needs rights that containers lack.
        sh.args([
            "-c",
            PIPES,
            name,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
        ]);
        sh.args(["--remote-debugging-pipe", "--no-first-run", "--hide-scrollbars"]);
        sh.arg(format!("--user-data-dir={}", home.path().join("profile").display())).arg("about:blank");
        sh.env("FONTCONFIG_FILE", home.path().join("fonts.conf")).env("HOME", home.path());
        let mut child =
            sh.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let (asks, answers) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            let messages = BufReader::new(answers).split(0);
            let messages = messages.map_while(Result::ok).map(|m| serde_json::from_slice(&m).unwrap());
            messages.map_while(|message: Value| tell.send(message).ok()).for_each(drop);
        });
        let mut browser = Self { child, asks, told, session: None, asked: 0, _home: home };
        let all = browser.ask("Target.getTargets", json!({}));
        let pages = all["targetInfos"].as_array().unwrap();
        let page = pages.iter().find(|target| target["type"] == "page").unwrap();
        let attach = json!({ "targetId": page["targetId"], "flatten": true });
        let attached = browser.ask("Target.attachToTarget", attach);
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        browser.ask("Page.enable", json!({}));
        browser
    }

    fn heard(&self) -> Value {
        self.told.recv_timeout(PATIENCE).unwrap()
    }

    fn ask(&mut self, method: &str, parameters: Value) -> Value {
        self.asked += 1;
        let mut asked = json!({ "id": self.asked, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            asked["sessionId"] = json!(session);
        }
        self.asks.write_all(format!("{asked}\0").as_bytes()).unwrap();
        self.asks.flush().unwrap();
        loop {
            let mut heard = self.heard();
            if heard["id"] == self.asked {
                assert!(heard["error"].is_null(), "{method}: {}", heard["error"]);
                return heard["result"].take();
            }
        }
    }

    /// Opens a file.
    pub fn open(&mut self, file: &Path) {
        let gone = self.ask("Page.navigate", json!({ "url": format!("file://{}", file.display()) }));
        assert!(gone["errorText"].is_null(), "{gone}");
        while self.heard()["method"] != "Page.loadEventFired" {}
    }

    /// Lays the page out, and runs a script in it.
    pub fn measured(&mut self, shown: Shown, script: &str) -> Value {
        let size = json!({ "width": shown.width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.ask("Emulation.setDeviceMetricsOverride", size);
        let scheme = [json!({ "name": "prefers-color-scheme", "value": shown.scheme })];
        self.ask("Emulation.setEmulatedMedia", json!({ "media": shown.medium, "features": scheme }));
        let mut ran = self.ask("Runtime.evaluate", json!({ "expression": script, "returnByValue": true }));
        assert!(ran["exceptionDetails"].is_null(), "{ran}");
        ran["result"]["value"].take()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may be gone already, which is what is wanted.
        let _ = self.asks.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        let _ = self.child.wait();
    }
}
