//! Plays a scenario: day by day, all actors, one merged stream in time order, every sensor's line, the truth.
//!
//! What happens after midnight waits for its day, so each log is in time order as a whole while only one day, and what
//! spills over from it, is in memory.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::event::Event;
use crate::format::Sensor;
use crate::output::{Codec, LogFile};
use crate::truth::{Gathered, Told};
use crate::world::{Actor, World};

/// A scenario made ready: the world, everyone in it, and the sensors that watch.
pub(crate) struct Play {
    pub(crate) world: World,
    pub(crate) actors: Vec<Box<dyn Actor>>,
    pub(crate) sensors: Vec<Sensor>,
    /// What the organisation would tell about its own data: `weir.toml`.
    pub(crate) config: String,
    pub(crate) told: Told,
}

/// What was written.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Summary {
    /// The logs.
    pub logs: Vec<Log>,
    /// Records in all of them.
    pub records: u64,
    /// Records that gave someone's data away.
    pub leaked: u64,
    /// People whose data left.
    pub subjects: u64,
    /// Where the truth lies.
    pub truth: PathBuf,
}

/// One log that was written.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Log {
    /// Where.
    pub path: PathBuf,
    /// How many records.
    pub records: u64,
    /// How many bytes on disk.
    pub bytes: u64,
}

/// Writes `out/logs/*`, `out/weir.toml`, `out/keys.csv`, `out/people.csv` and `out/truth.json`.
pub(crate) fn play(
    scenario: &'static str,
    mut play: Play,
    out: &Path,
    codec: Option<Codec>,
) -> Result<Summary> {
    let folder = out.join("logs");
    fs::create_dir_all(&folder).map_err(Error::write(&folder))?;
    let mut files = play
        .sensors
        .iter()
        .map(|sensor| Ok((sensor, LogFile::create(&folder, sensor.file, codec.unwrap_or(sensor.codec))?)))
        .collect::<Result<Vec<_>>>()?;
    let mut truth = Gathered::default();
    let mut waiting = Vec::new();
    for day in play.world.period.days() {
        for actor in &mut play.actors {
            actor.day(&mut play.world, day, &mut waiting);
        }
        // Stable: events of one millisecond keep the order in which they were made.
        waiting.sort_by_key(Event::at);
        let end = play.world.period.day(day.index + 1).start;
        let today = waiting.partition_point(|event| event.at() < end);
        for event in waiting.drain(..today) {
            write(event, &play.world, &mut files, &mut truth)?;
        }
    }
    let world = &play.world;
    put(&out.join("weir.toml"), play.config.as_bytes())?;
    put(&out.join("keys.csv"), world.inventory.keys_csv().as_bytes())?;
    put(&out.join("people.csv"), world.inventory.people_csv().as_bytes())?;
    let truth = truth.truth(scenario, world.seed, world.period.days, world.scale, &play.told);
    let path = out.join("truth.json");
    let mut json = serde_json::to_vec_pretty(&truth).map_err(|error| Error::write(&path)(error.into()))?;
    json.push(b'\n');
    put(&path, &json)?;
    let mut logs = Vec::new();
    for (_, file) in files {
        let (path, records, bytes) = file.finish()?;
        logs.push(Log { path, records, bytes });
    }
    let (leaked, subjects) = (truth.leak.records, truth.leak.subjects_n);
    Ok(Summary { logs, records: truth.records, leaked, subjects, truth: path })
}

fn write(
    mut event: Event,
    world: &World,
    files: &mut [(&Sensor, LogFile)],
    truth: &mut Gathered,
) -> Result<()> {
    let mut line = Vec::with_capacity(512);
    if world.life.down(event.at()) {
        event.unanswered();
    }
    for (sensor, file) in files {
        let Some(shown) = world.life.seen(sensor.file, event.at()) else { continue };
        line.clear();
        if (sensor.render)(&event.shown_at(shown), world.period.ahead, &mut line) {
            file.line(&line)?;
            truth.written(&event, world);
        }
    }
    Ok(())
}

fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).map_err(Error::write(path))
}
