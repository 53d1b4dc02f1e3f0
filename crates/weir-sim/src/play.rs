//! Plays a scenario: day by day, all actors, one merged stream in time order, every sensor's line, the truth.
//!
//! What happens after midnight waits for its day, so each log is in time order as a whole while only one day, and what
//! spills over from it, is in memory. A day is put in order by the times alone: moving the events themselves would cost more than
//! writing them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::background::{Background, Surveyed};
use crate::clock::DAY;
use crate::error::{Error, Result};
use crate::event::{Event, Hand};
use crate::format::{Pen, Sees, Sensor};
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
    /// The midnight that its dates were written for.
    pub(crate) written_for: i64,
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

/// Writes `out/logs/*`, `out/weir.toml`, `out/keys.csv`, `out/people.csv` and `out/truth.json`. Over real logs, accesses are the attacker's
/// alone and go into those; sensors of other kinds write what they see of the scenario.
pub(crate) fn play(
    scenario: &'static str,
    mut play: Play,
    out: &Path,
    codec: Option<Codec>,
    background: Option<Surveyed>,
) -> Result<Summary> {
    let folder = out.join("logs");
    fs::create_dir_all(&folder).map_err(Error::write(&folder))?;
    if background.is_some() {
        play.sensors.retain(|sensor| sensor.sees != Sees::Accesses);
        // Innocents stand out in traffic that is not there.
        play.told.innocents.clear();
    }
    let mut stage = Stage {
        files: play
            .sensors
            .iter()
            .map(|sensor| {
                Ok((*sensor, LogFile::create(&folder, sensor.file, codec.unwrap_or(sensor.codec))?))
            })
            .collect::<Result<_>>()?,
        background: background.map(|surveyed| surveyed.begin(&folder)).transpose()?,
        truth: Gathered::default(),
        pen: Pen::new(play.world.period.ahead),
    };
    let (mut waiting, mut spilt, mut order) = (Vec::new(), Vec::new(), Vec::new());
    for day in play.world.period.days() {
        for actor in &mut play.actors {
            actor.day(&mut play.world, day, &mut waiting);
            if stage.background.is_some() {
                waiting.retain(by_attacker);
            }
        }
        order.clear();
        order.extend(waiting.iter().map(Event::at).zip(0_u32..));
        // Events of one millisecond keep the order in which they were made.
        order.sort_unstable();
        let end = play.world.period.day(day.index + 1).start;
        spilt.clear();
        for &(at, nth) in &order {
            let Some(event) = waiting.get(nth as usize) else { continue };
            if at < end {
                stage.write(*event, &play.world)?;
            } else {
                spilt.push(*event);
            }
        }
        std::mem::swap(&mut waiting, &mut spilt);
    }
    write_out(scenario, &play, out, stage)
}

/// Whether an event is to be kept where real logs are the ordinary traffic.
fn by_attacker(event: &Event) -> bool {
    !matches!(event, Event::Access(access) if access.hand == Hand::Ordinary)
}

/// What is being written.
struct Stage {
    files: Vec<(Sensor, LogFile)>,
    background: Option<Background>,
    truth: Gathered,
    pen: Pen,
}

impl Stage {
    fn write(&mut self, mut event: Event, world: &World) -> Result<()> {
        if world.life.down(event.at()) {
            event.unanswered();
        }
        if let (Some(background), Event::Access(access)) = (&mut self.background, &event) {
            if background.inject(access)? {
                self.truth.injected(access, background.client(access));
            }
            return Ok(());
        }
        for (sensor, file) in self.files.iter_mut().filter(|(sensor, _)| sensor.sees.kind(&event)) {
            let Some(shown) = world.life.seen(sensor.file, event.at()) else { continue };
            self.pen.line.clear();
            if (sensor.render)(&event.shown_at(shown), &mut self.pen) {
                file.line(&self.pen.line)?;
                self.truth.written(&event, world);
            }
        }
        Ok(())
    }
}

fn write_out(scenario: &'static str, play: &Play, out: &Path, stage: Stage) -> Result<Summary> {
    let Stage { files, background, truth: mut gathered, .. } = stage;
    let mut logs = Vec::new();
    for log in background.map(Background::finish).transpose()?.unwrap_or_default() {
        let name = log.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        gathered.beneath(name, log.records, log.injected);
        logs.push(Log { path: log.path, records: log.records, bytes: log.bytes });
    }
    let world = &play.world;
    let moved = (world.period.start - play.written_for).div_euclid(DAY);
    put(&out.join("weir.toml"), play.config.as_bytes())?;
    put(&out.join("keys.csv"), world.inventory.keys_csv(moved).as_bytes())?;
    put(&out.join("people.csv"), world.inventory.people_csv(moved).as_bytes())?;
    let truth = gathered.truth(scenario, world.seed, world.period.days, world.scale, &play.told);
    let path = out.join("truth.json");
    let mut json = serde_json::to_vec_pretty(&truth).map_err(|error| Error::write(&path)(error.into()))?;
    json.push(b'\n');
    put(&path, &json)?;
    for (_, file) in files {
        let (path, records, bytes) = file.finish()?;
        logs.push(Log { path, records, bytes });
    }
    let (leaked, subjects) = (truth.leak.records, truth.leak.subjects_n);
    Ok(Summary { logs, records: truth.records, leaked, subjects, truth: path })
}

fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).map_err(Error::write(path))
}
