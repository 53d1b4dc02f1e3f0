//! Generated logs as files, made once.

use crate::run::{Done, root};
use crate::scale::World;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use xtask::logs::{ADDRESSES, AccessLog, CloudTrail, MEMBERS, zeek};

/// Events of one CloudTrail file.
const FILE_EVENTS: u64 = 2_000;

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// A combined access log.
    Access,
    /// The same, compressed.
    AccessGzip,
    /// A folder of such logs, compressed, one a day.
    AccessDays,
    /// A folder of CloudTrail files.
    CloudTrail,
    /// Zeek's `conn.log` as JSON.
    Zeek,
}

impl Input {
    /// What the page calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Access => "access log, plain",
            Self::AccessGzip => "access log, gzip",
            Self::AccessDays => "access log, gzip by day",
            Self::CloudTrail => "CloudTrail",
            Self::Zeek => "Zeek conn",
        }
    }

    /// The file or folder with so many records, made where it is missing.
    pub fn make(self, folder: &Path, records: u64) -> Done<PathBuf> {
        let path = folder.join(match self {
            Self::Access => format!("access-{records}.log"),
            Self::AccessGzip => format!("access-{records}.log.gz"),
            Self::AccessDays => format!("access-days-{records}"),
            Self::CloudTrail => format!("cloudtrail-{records}"),
            Self::Zeek => format!("conn-{records}.log"),
        });
        if path.exists() {
            return Ok(path);
        }
        let part = path.with_extension("part");
        let made = match self {
            Self::Access => {
                File::create(&part).and_then(|f| AccessLog::new(records).write(BufWriter::new(f)).map(drop))
            }
            Self::AccessGzip => File::create(&part).and_then(|f| {
                let packed = GzEncoder::new(BufWriter::new(f), Compression::default());
                AccessLog::new(records).write(packed).and_then(GzEncoder::finish).map(drop)
            }),
            Self::AccessDays => {
                let days = World { records, addresses: ADDRESSES, members: MEMBERS, in_turn: false };
                days.write(&part).map_err(io::Error::other)
            }
            Self::CloudTrail => cloudtrail(&part, records),
            Self::Zeek => File::create(&part).and_then(|f| zeek(BufWriter::new(f), records).map(drop)),
        };
        made.and_then(|()| std::fs::rename(&part, &path)).map_err(|e| format!("{}: {e}", path.display()))?;
        Ok(path)
    }
}

fn cloudtrail(folder: &Path, events: u64) -> io::Result<()> {
    let mut log = CloudTrail::new(&root().join("examples/cloud-account"), events)?;
    std::fs::create_dir_all(folder)?;
    while let Some(records) = log.file(FILE_EVENTS) {
        let file = File::create(folder.join(format!("{:09}.json.gz", log.given())))?;
        let mut packed = GzEncoder::new(BufWriter::new(file), Compression::default());
        serde_json::to_writer(&mut packed, &records)?;
        packed.finish()?.flush()?;
    }
    Ok(())
}
