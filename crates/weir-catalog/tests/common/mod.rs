//! Batches of `access` from short descriptions.

use arrow_array::RecordBatch;
use weir_model::{Access, Common, FileTag, Micros, Records, Subject, TimeBasis};

/// One request.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub ip: &'static str,
    pub agent: Option<String>,
    pub credential: Option<String>,
    pub actor: Option<&'static str>,
    pub path: String,
    pub query: Option<String>,
    pub status: Option<u16>,
}

pub fn get(client: u64, path: impl Into<String>) -> Request {
    Request {
        ip: "192.0.2.1",
        agent: Some(format!("c{client}")),
        path: path.into(),
        status: Some(200),
        ..Request::default()
    }
}

pub fn signed(client: u64, path: impl Into<String>) -> Request {
    Request { credential: Some(format!("fp_{client}")), ..get(client, path) }
}

pub fn batch(requests: &[Request]) -> RecordBatch {
    batch_with(requests, &[])
}

pub fn batch_with(requests: &[Request], subjects: &[Subject<'_>]) -> RecordBatch {
    let mut records = Records::default();
    for (line, r) in requests.iter().enumerate() {
        let code = r.status.map(|s| s.to_string());
        let common = Common {
            src_ip: Some(r.ip),
            actor: r.actor,
            status_id: r.status.map(|s| if s < 400 { 1 } else { 2 }),
            status_code: code.as_deref(),
            line: Some(line as i64 + 1),
            ..Common::default()
        };
        let access = Access {
            path: Some(&r.path),
            query: r.query.as_deref(),
            http_method: Some("GET"),
            user_agent: r.agent.as_deref(),
            credential: r.credential.as_deref(),
            subjects,
            ..Access::default()
        };
        records.access((Micros(1_700_000_000_000_000 + line as i64), TimeBasis::Stated), &common, &access);
    }
    let tag = FileTag { source: "s".into(), sensor: "x".into(), ingest: 1, file: 1 };
    records.take(&tag).unwrap().remove(0).1
}
