//! Other tools read the lake's tables: Python `deltalake` and `duckdb`, and count the same rows.
//!
//! They come from a virtual environment under the target folder, made on first use. Without network or Python this prints
//! `skipped`; under `CI=true` that is a failure.

use crate::common::{World, ingest, lake, three_days};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Pinned, so that a run today and a run tomorrow test the same.
const PACKAGES: [&str; 2] = ["deltalake==1.1.4", "duckdb==1.3.2"];

const DELTALAKE: &str = "
import sys
from deltalake import DeltaTable, QueryBuilder
for name in sys.argv[2:]:
    t = DeltaTable(sys.argv[1] + '/' + name)
    rows = QueryBuilder().register('t', t).execute('SELECT count(*) AS n FROM t').read_all()
    print(name, rows['n'][0].as_py(), t.protocol().min_reader_version)
";

const DUCKDB: &str = "
import glob, json, os, sys, duckdb
db = duckdb.connect()
how = 'its delta extension'
for name in sys.argv[2:]:
    root = sys.argv[1] + '/' + name
    try:
        db.execute('LOAD delta')
        n = db.execute(f\"SELECT count(*) FROM delta_scan('{root}')\").fetchone()[0]
    except duckdb.Error:
        how = 'its Parquet reader only: the delta extension is not here'
        # Without its delta extension: the live files by the log, read as Parquet with hive partitions.
        live = {}
        for log in sorted(glob.glob(root + '/_delta_log/*.json')):
            for line in open(log):
                entry = json.loads(line)
                if 'add' in entry: live[entry['add']['path']] = True
                if 'remove' in entry: live.pop(entry['remove']['path'], None)
        paths = [os.path.join(root, p) for p in live]
        n = db.execute('SELECT count(*) FROM read_parquet(?, hive_partitioning=true)', [paths]).fetchone()[0] if paths else 0
    print(name, n)
print('duckdb read by', how, file=sys.stderr)
";

/// Where a virtual environment with the packages is; `Err` says why there is none.
fn environment() -> Result<PathBuf, String> {
    let target = std::env::current_exe().map_err(|e| e.to_string())?;
    let target = target.ancestors().nth(3).ok_or("no target folder")?.join("interop-venv");
    let python = target.join("bin/python");
    let run = |command: &mut Command| match command.output() {
        Ok(done) if done.status.success() => Ok(()),
        Ok(done) => Err(String::from_utf8_lossy(&done.stderr).lines().last().unwrap_or("failed").to_owned()),
        Err(e) => Err(e.to_string()),
    };
    if run(Command::new(&python).args(["-c", "import deltalake, duckdb"])).is_err() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&target))?;
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(PACKAGES))?;
    }
    Ok(python)
}

fn python(python: &Path, script: &str, lake: &Path, tables: &[&str]) -> String {
    let done = Command::new(python).args(["-c", script]).arg(lake).args(tables).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    println!("{}", String::from_utf8_lossy(&done.stderr).trim());
    String::from_utf8(done.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn other_readers_count_the_same_rows() {
    let found = match environment() {
        Ok(found) => found,
        Err(why) => {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "python packages are missing: {why}");
            println!("skipped: python packages are missing: {why}");
            return;
        }
    };
    let dir = tempfile::tempdir().unwrap();
    let lake = lake(dir.path()).await;
    for file in 1..=3 {
        ingest(&lake, &World { rows: 500, file, uids: false, day_of: three_days }, "f").await;
    }
    let tables = ["access", "intake", "auth"];
    let delta = python(&found, DELTALAKE, lake.folder().unwrap(), &tables);
    assert_eq!(delta, "access 1500 1\nintake 3 1\nauth 0 1\n");
    let duck = python(&found, DUCKDB, lake.folder().unwrap(), &tables);
    assert_eq!(duck, "access 1500\nintake 3\nauth 0\n");
}
