//! Errors as people at a terminal read them.

use miette::Diagnostic;
use std::fmt;
use weir_engine::report::ReportError;
use weir_engine::{EngineError, LakeError};

/// An error of the program.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// The engine's.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The simulator's.
    #[error("{0}")]
    Simulate(#[from] weir_sim::Error),
    /// A flag's value cannot be used.
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// How to mend it.
        help: Option<String>,
    },
    /// Output could not be written.
    #[error("output could not be written: {message}")]
    Output {
        /// The system's own words.
        message: String,
    },
    /// The runtime could not start.
    #[error("could not start: {message}")]
    Runtime {
        /// The system's own words.
        message: String,
    },
    /// A bag that is not to be believed.
    #[error("the bag is refused:{}", .problems.iter().map(|p| format!("\n  {p}")).collect::<String>())]
    Refused {
        /// What is wrong with it, file by file.
        problems: Vec<String>,
    },
    /// None of the files holds a record that could be read.
    #[error("nothing in these files could be read")]
    NothingRead,
    /// Ctrl-C.
    #[error("interrupted; nothing half done is visible, run it again to go on")]
    Interrupted,
}

impl Diagnostic for ProgramError {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = match self {
            Self::Engine(error) => error.help(),
            Self::Usage { help, .. } => help.clone(),
            Self::NothingRead => Some(
                "the account says why of each file; `weir sources` lists the formats that are read"
                    .to_owned(),
            ),
            _ => None,
        };
        help.map(|h| Box::new(h) as Box<dyn fmt::Display>)
    }
}

impl ProgramError {
    /// The exit code: 2 for what the caller asked wrongly, else 1.
    pub fn code(&self) -> u8 {
        match self {
            Self::Usage { .. }
            | Self::Engine(
                EngineError::Config { .. }
                | EngineError::Condition { .. }
                | EngineError::CaseAmongLogs { .. }
                | EngineError::BagInside { .. }
                | EngineError::NoFinding { .. }
                | EngineError::NoNamespace { .. }
                | EngineError::Said { .. }
                | EngineError::Case { .. }
                | EngineError::Report(ReportError::NoCase { .. } | ReportError::OtherVersion { .. })
                | EngineError::Lake(LakeError::NoHold { .. }),
            ) => 2,
            _ => 1,
        }
    }
}
