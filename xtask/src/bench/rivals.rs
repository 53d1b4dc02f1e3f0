//! What DuckDB does with the same files: the same columns to zstd Parquet.

use super::{Input, Run, size};
use crate::run::{Done, command};
use std::path::Path;

/// One way to read an input.
pub struct Rival {
    /// A SQL statement; `{files}` and `{out}` are filled in.
    statement: &'static str,
}

/// Prints the seconds from the first statement to the last, and the largest resident set.
const SCRIPT: &str = "
import duckdb, resource, sys, time
duckdb.sql('SET enable_progress_bar = false')
began = time.perf_counter()
answer = duckdb.sql(sys.argv[1])
if answer is not None:
    answer.fetchall()
print(time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
";

const ACCESS: [Rival; 2] = [
    Rival {
        statement:
            "COPY (SELECT a AS src_ip, nullif(u, '-') AS actor, strptime(t[2:], '%d/%b/%Y:%H:%M:%S') AS time,
  split_part(r, ' ', 1) AS http_method, split_part(split_part(r, ' ', 2), '?', 1) AS path,
  split_part(split_part(r, ' ', 2), '?', 2) AS query, split_part(r, ' ', 3) AS protocol,
  try_cast(s AS INT) AS status, try_cast(b AS BIGINT) AS bytes_out, f AS referrer, c AS user_agent
  FROM read_csv('{files}', delim=' ', quote='\"', header=false, auto_detect=false, null_padding=true,
    columns={'a': 'VARCHAR', 'i': 'VARCHAR', 'u': 'VARCHAR', 't': 'VARCHAR', 'z': 'VARCHAR', 'r': 'VARCHAR',
      's': 'VARCHAR', 'b': 'VARCHAR', 'f': 'VARCHAR', 'c': 'VARCHAR'}))
  TO '{out}' (FORMAT parquet, COMPRESSION zstd)",
    },
    Rival {
        statement: r#"COPY (SELECT m.a AS src_ip, nullif(m.u, '-') AS actor, strptime(m.t, '%d/%b/%Y:%H:%M:%S') AS time,
  m.m AS http_method, split_part(m.p, '?', 1) AS path, split_part(m.p, '?', 2) AS query, m.v AS protocol,
  try_cast(m.s AS INT) AS status, try_cast(m.b AS BIGINT) AS bytes_out, m.f AS referrer, m.c AS user_agent
  FROM (SELECT regexp_extract(line,
      '^(\S+) (\S+) (\S+) \[([^ ]+) [^\]]+\] "(\S+) (\S+) (\S+)" (\d+) (\d+|-) "([^"]*)" "([^"]*)"',
      ['a', 'i', 'u', 't', 'm', 'p', 'v', 's', 'b', 'f', 'c']) AS m
    FROM read_csv('{files}', delim=E'\x01', quote='', escape='', header=false, auto_detect=false, columns={'line': 'VARCHAR'})))
  TO '{out}' (FORMAT parquet, COMPRESSION zstd)"#,
    },
];

const CLOUDTRAIL: [Rival; 1] = [Rival {
    statement: "COPY (SELECT r.* FROM (SELECT unnest(Records) AS r FROM read_json('{files}/*.json.gz', maximum_object_size=100000000,
    columns={'Records': 'STRUCT(eventTime TIMESTAMP, eventID VARCHAR, eventSource VARCHAR, eventName VARCHAR, awsRegion VARCHAR,
      sourceIPAddress VARCHAR, userAgent VARCHAR, recipientAccountId VARCHAR, errorCode VARCHAR, errorMessage VARCHAR,
      userIdentity JSON, requestParameters JSON, responseElements JSON, resources JSON)[]'})))
  TO '{out}' (FORMAT parquet, COMPRESSION zstd)",
}];

const ZEEK: [Rival; 1] = [Rival {
    statement: "COPY (SELECT to_timestamp(ts) AS time, uid, \"id.orig_h\" AS src_ip, \"id.orig_p\" AS src_port, \"id.resp_h\" AS dst_ip,
    \"id.resp_p\" AS dst_port, proto, service, duration, orig_bytes, resp_bytes, conn_state, history, orig_pkts, resp_pkts
  FROM read_json('{files}', format='newline_delimited', columns={'ts': 'DOUBLE', 'uid': 'VARCHAR', 'id.orig_h': 'VARCHAR', 'id.orig_p': 'INT',
    'id.resp_h': 'VARCHAR', 'id.resp_p': 'INT', 'proto': 'VARCHAR', 'service': 'VARCHAR', 'duration': 'DOUBLE', 'orig_bytes': 'BIGINT',
    'resp_bytes': 'BIGINT', 'conn_state': 'VARCHAR', 'history': 'VARCHAR', 'orig_pkts': 'BIGINT', 'resp_pkts': 'BIGINT'}))
  TO '{out}' (FORMAT parquet, COMPRESSION zstd)",
}];

impl Rival {
    /// The ways to read an input.
    pub fn of(input: Input) -> &'static [Self] {
        match input {
            Input::Access | Input::AccessGzip | Input::AccessDays => &ACCESS,
            Input::CloudTrail => &CLOUDTRAIL,
            Input::Zeek => &ZEEK,
        }
    }

    /// Reads files once.
    pub fn run(&self, python: &Path, files: &Path, folder: &Path) -> Done<Run> {
        let out = folder.join("duckdb.parquet");
        let statement = self
            .statement
            .replace("{files}", &files.display().to_string())
            .replace("{out}", &out.display().to_string());
        let run = query(python, &statement)?;
        Ok(Run { written: size(&out), ..run })
    }
}

/// Runs a statement in DuckDB to its last row.
pub fn query(python: &Path, statement: &str) -> Done<Run> {
    let said = command(python).args(["-c", SCRIPT, statement]).output().map_err(|e| e.to_string())?;
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    let mut numbers = text.split_whitespace().map(str::parse::<f64>);
    match (said.status.success(), numbers.next(), numbers.next()) {
        (true, Some(Ok(seconds)), Some(Ok(memory))) => Ok(Run { seconds, memory: memory as u64, written: 0 }),
        _ => Err(format!("DuckDB failed: {} {}", said.status, String::from_utf8_lossy(&said.stderr))),
    }
}
