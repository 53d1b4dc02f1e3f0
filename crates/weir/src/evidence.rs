//! `weir evidence`: a case sealed in a bag, a bag verified, and the custody log.

use crate::cli::{EvidenceOf, OfEvidence, Record, SealCase, VerifyBag};
use crate::commands::{Done, account, now, progress};
use crate::error::ProgramError;
use crate::terminal::{print, print_json, warn};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use weir_engine::evidence::{self, Deed, Seal, StampAuthority};
use weir_engine::report::escape;
use weir_engine::weir_evidence::bag::{Check, Verified, verify};
use weir_engine::weir_evidence::custody::{Act, Object};
use weir_engine::weir_evidence::log::Log;
use weir_engine::weir_evidence::signers::Signers;
use weir_engine::weir_evidence::stamp::Roots;
use weir_engine::weir_evidence::stranger;
use weir_engine::{EngineError, Memory, PROGRAM};
use weir_model::intake::Intake;

/// What this program does with a lake's records, for the custody log.
pub struct Custody<'a> {
    /// The lake.
    pub lake: &'a Path,
    /// On whose authority.
    pub authority: Option<String>,
}

impl Custody<'_> {
    fn record(&self, what: Act, why: &str, objects: Vec<Object>) -> Result<(), EngineError> {
        let authority = self.authority.clone();
        let deed = Deed { who: account(), when: now(), why: why.to_owned(), authority };
        evidence::record(self.lake, &deed, what, objects)
    }

    /// Originals were read, unless there was nothing new in them.
    pub fn acquired(&self, intake: &[Intake], why: &str) -> Result<(), EngineError> {
        let fresh = evidence::acquired(intake);
        if fresh.is_empty() { Ok(()) } else { self.record(Act::Acquisition, why, fresh) }
    }

    /// Records were read, and these files made of them.
    pub fn read(&self, why: &str, files: &[PathBuf]) -> Result<(), EngineError> {
        self.record(Act::Read, why, evidence::objects(files)?)
    }

    /// Somebody looked at records and took no file along. A lake that cannot be written can be read all the same: then it is said that this stands nowhere.
    pub fn looked(&self, why: &str, question: Option<&str>, json: bool) {
        let authority = self.authority.clone();
        let deed = Deed { who: account(), when: now(), why: why.to_owned(), authority };
        if let Err(error) = evidence::note_read(self.lake, &deed, question) {
            warn(&[format!("this look stands in no custody log: {error}")], json);
        }
    }

    /// Files with people in them went out.
    pub fn exported(&self, why: &str, files: &[PathBuf]) -> Result<(), EngineError> {
        self.record(Act::Export, why, evidence::objects(files)?)
    }
}

/// `weir evidence`.
pub async fn run(asked: OfEvidence, json: bool) -> Done {
    match asked.act {
        EvidenceOf::Seal(asked) => seal(asked, json).await,
        EvidenceOf::Verify(asked) => check(&asked, json),
        EvidenceOf::Custody { lake } => custody(&lake, json),
        EvidenceOf::Record(asked) => record(asked),
    }
}

fn usage(message: &str, help: &str) -> ProgramError {
    ProgramError::Usage { message: message.to_owned(), help: Some(help.to_owned()) }
}

async fn seal(asked: SealCase, json: bool) -> Done {
    let lake = asked.lake.unwrap_or_else(|| asked.case.join("lake"));
    if !weir_engine::is_bucket(&lake) && !lake.is_dir() {
        return Err(usage("the lake that the case was made from is not there", "name it with --lake"));
    }
    let log = asked.log.unwrap_or_else(|| lake.join("evidence-log"));
    let who = asked.by.unwrap_or_else(account);
    let opened = weir_engine::open_lake(&lake, false, Memory::default()).await?;
    let authority = asked.tsa.zip(asked.tsa_ca);
    let what = Seal {
        bag: asked.output,
        logs: asked.logs,
        config: asked.config,
        key: asked.key,
        passphrase: std::env::var("WEIR_KEY_PASSPHRASE").ok(),
        log,
        origin: asked.origin,
        authority: authority.map(|(url, roots)| StampAuthority { url, roots, tls: asked.tsa_tls_ca }),
        deed: Deed { who, when: now(), why: asked.reason, authority: asked.authority },
        program: PROGRAM.to_owned(),
        case: asked.case,
        lake,
    };
    let (done, hold) = evidence::seal(&what, &opened, &*progress(json)).await?;
    let sealed = &done.sealed;
    warn(&done.warnings, json);
    if json {
        print_json(&serde_json::json!({
            "bag": sealed.path, "files": sealed.files, "bytes": sealed.bytes, "manifest": sealed.manifest, "index": sealed.index,
            "excerpts": done.excerpts, "cited": done.cited, "rests_on": done.rests_on, "absent": done.absent, "time": sealed.stamp.as_ref().map(|s| s.when),
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = format!(
        "{}: {} files, {} bytes, {} excerpts; leaf {} of the log\n",
        sealed.path.display(),
        sealed.files,
        sealed.bytes,
        done.excerpts,
        sealed.index
    );
    text += &format!("{} holds what the case accuses, and the versions of the lake it cites\n", hold.id);
    text += &format!(
        "it cites {} of {} records that its findings rest on (`queries.sql` selects all); excerpts are the originals' bytes, with names and secrets\n",
        done.cited, done.rests_on
    );
    if let Some(stamp) = &sealed.stamp {
        text += &format!("time stamp: {}\n", stamp.when);
    }
    for (original, why) in &done.absent {
        text +=
            &format!("not in the bag: {}: {}\n", escape::terminal(original, 200), escape::terminal(why, 300));
    }
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn check(asked: &VerifyBag, json: bool) -> Done {
    if !asked.bag.is_dir() {
        let message = if asked.bag.exists() { "it is no folder" } else { "there is no such folder" };
        return Err(EngineError::Input { path: asked.bag.clone(), message: message.to_owned() }.into());
    }
    let signers = Signers::read(&asked.signers).map_err(EngineError::from)?;
    let roots = asked.tsa_ca.as_deref().map(Roots::read).transpose().map_err(EngineError::from)?;
    let log = asked.log.as_deref().map(Log::at);
    if asked.custody.as_deref().is_some_and(weir_engine::is_bucket) {
        return Err(usage(
            "a lake in a bucket keeps no custody log",
            "name a file or a lake in a folder with --custody",
        ));
    }
    let custody = asked.custody.as_deref().map(evidence::custody_at);
    let what = Check {
        signers: &signers,
        principal: asked.principal.as_deref(),
        roots: roots.as_ref(),
        log: log.as_ref(),
        custody: custody.as_deref(),
        log_key: None,
        now: evidence::instant(now())?,
    };
    match verify(&asked.bag, &what) {
        Ok(verified) => whole(asked, &verified, json),
        Err(refused) => {
            if json {
                for p in &refused.problems {
                    let problem = serde_json::json!({ "file": p.file, "fault": p.fault.to_string(), "detail": p.detail });
                    print_json(&problem)?;
                }
            }
            Err(ProgramError::Refused {
                problems: refused.problems.iter().map(|p| escape::terminal(&p.to_string(), 2000)).collect(),
            })
        }
    }
}

fn whole(asked: &VerifyBag, verified: &Verified, json: bool) -> Done {
    let signer = &verified.signer;
    if json {
        print_json(&serde_json::json!({
            "signer": signer.principals, "fingerprint": signer.fingerprint, "files": verified.files, "bytes": verified.bytes,
            "excerpts": verified.excerpts, "custody": verified.custody, "custody_since": verified.custody_since, "index": verified.index,
            "time": verified.stamp.as_ref().map(|s| s.when), "time_under_given_roots": verified.stamp_under_given_roots,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let time = match &verified.stamp {
        None => "no time stamp".to_owned(),
        Some(stamp) if verified.stamp_under_given_roots => format!("stamped {}", stamp.when),
        Some(stamp) => {
            format!("stamped {}, under roots that only the bag names (--tsa-ca gives others)", stamp.when)
        }
    };
    let since = verified.custody_since.map(|n| format!(", {n} more since")).unwrap_or_default();
    let principal = asked.principal.as_deref().unwrap_or(&signer.principals);
    print(&format!(
        "whole: {} files, {} bytes; {} excerpts stand in their originals; {} entries of custody{since}\nsigned by {} ({}); {time}; leaf {} of the log\n\n\
         A stranger checks the same with sha256sum, ssh-keygen and openssl alone:\n\n{}",
        verified.files,
        verified.bytes,
        verified.excerpts,
        verified.custody,
        escape::terminal(&signer.principals, 200),
        signer.fingerprint,
        verified.index,
        stranger::commands(
            &anywhere(&asked.bag),
            &anywhere(&asked.signers),
            principal,
            verified.stamp.is_some()
        )
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// A path that means the same in any folder.
fn anywhere(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

fn custody(lake: &Path, json: bool) -> Done {
    for entry in evidence::custody_of(lake)? {
        if json {
            print_json(&entry)?;
            continue;
        }
        let act = serde_json::to_value(entry.what).unwrap_or_default();
        let words = format!(
            "{} {}: {}; {}, on the authority of: {}; {} objects{}",
            entry.when,
            act.as_str().unwrap_or_default(),
            entry.who,
            entry.why,
            entry.authority,
            entry.objects.len(),
            entry.counts.iter().map(|(of, n)| format!("; {n} {}", of.replace('_', " "))).collect::<String>()
        );
        print(&format!("{}\n", escape::terminal(&words, 400)))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn record(asked: Record) -> Done {
    let deed = Deed {
        who: asked.by.unwrap_or_else(account),
        when: now(),
        why: asked.reason,
        authority: Some(asked.authority),
    };
    evidence::record(&asked.lake, &deed, asked.act.into(), evidence::objects(&asked.files)?)?;
    Ok(ExitCode::SUCCESS)
}
