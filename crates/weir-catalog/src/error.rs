//! What can be wrong with a catalog's inputs.

/// An error in building a catalog or reading what it is built from. Records cannot cause one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// A configured route that cannot be read.
    #[error("route `{route}` of dataset `{dataset}` {reason}")]
    Route {
        /// The dataset it is configured for.
        dataset: String,
        /// The route as written.
        route: String,
        /// What is wrong with it.
        reason: &'static str,
        /// How to mend it.
        help: String,
    },
    /// A dataset whose subject is no parameter of its routes.
    #[error("subject `{subject}` of dataset `{dataset}` is no parameter of its routes")]
    Subject {
        /// The dataset.
        dataset: String,
        /// The subject as written.
        subject: String,
        /// How to mend it.
        help: String,
    },
    /// Two datasets of one name.
    #[error("dataset `{dataset}` is configured twice")]
    Twice {
        /// The name.
        dataset: String,
    },
    /// A CSV file that cannot be used.
    #[error("`{file}` line {line}: {message}")]
    Csv {
        /// The file's name, as given.
        file: String,
        /// 1-based line.
        line: u64,
        /// What is wrong.
        message: String,
        /// How to mend it.
        help: String,
    },
    /// A database of addresses that cannot be used.
    #[error("{file}: {message}")]
    Addresses {
        /// What names it in `[inventory]`.
        key: &'static str,
        /// The file's name, as given.
        file: String,
        /// What is wrong.
        message: String,
    },
    /// A stored learner that cannot be read.
    #[error(transparent)]
    Stored(#[from] weir_stats::StatsError),
}

impl CatalogError {
    /// How to mend it, where known.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        match self {
            Self::Route { help, .. } | Self::Subject { help, .. } | Self::Csv { help, .. } => Some(help),
            Self::Twice { .. } => Some("give each dataset its own name; one dataset may list several routes"),
            Self::Addresses { key: "asns", .. } => {
                Some("`inventory.asns` names a database of autonomous systems in MaxMind's format (.mmdb)")
            }
            Self::Addresses { .. } => {
                Some("`inventory.countries` names a country database in MaxMind's format (.mmdb)")
            }
            Self::Stored(_) => Some("learn again from the records"),
        }
    }
}

/// "did you mean `x`?", or the names there are.
pub(crate) fn nearest<'a>(unknown: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let likeness = |name: &str| strsim::jaro_winkler(name, unknown);
    match known.clone().max_by(|a, b| likeness(a).total_cmp(&likeness(b))) {
        Some(name) if likeness(name) > 0.7 => format!("did you mean `{name}`?"),
        Some(_) => format!("known names: {}", known.collect::<Vec<_>>().join(", ")),
        None => "there are none".to_owned(),
    }
}
