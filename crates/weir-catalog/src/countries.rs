//! [`Countries`]: where an address is registered, by a database in MaxMind's format that the user names.

use crate::CatalogError;
use maxminddb::{PathElement, Reader};
use weir_stats::hash64;

/// Where makers of databases put the ISO 3166-1 code: MaxMind and DB-IP; sapics; IPinfo.
const PLACES: [&[PathElement<'static>]; 3] = [
    &[PathElement::Key("country"), PathElement::Key("iso_code")],
    &[PathElement::Key("country_code")],
    &[PathElement::Key("country")],
];

/// Addresses to countries.
pub struct Countries {
    reader: Reader<Vec<u8>>,
    digest: u64,
}

impl std::fmt::Debug for Countries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Countries({:016x})", self.digest)
    }
}

impl Countries {
    /// Takes a database's bytes.
    ///
    /// # Errors
    /// If they are no such database.
    pub fn new(name: &str, bytes: Vec<u8>) -> Result<Self, CatalogError> {
        let digest = hash64(&bytes);
        let wrong = |e: maxminddb::MaxMindDbError| CatalogError::Countries {
            file: name.to_owned(),
            message: e.to_string(),
        };
        Ok(Self { reader: Reader::from_source(bytes).map_err(wrong)?, digest })
    }

    /// The country an address is registered in, ISO 3166-1 alpha-2; `None` when the database does not say.
    #[must_use]
    pub fn of(&self, address: &str) -> Option<&str> {
        let found = self.reader.lookup(address.parse().ok()?).ok()?;
        let code = |place: &[PathElement<'_>]| found.decode_path::<&str>(place).ok().flatten();
        PLACES.into_iter().find_map(code).filter(|c| c.len() == 2)
    }

    /// Tells databases apart.
    #[must_use]
    pub fn digest(&self) -> u64 {
        self.digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_database_is_said_so() {
        let error = Countries::new("geo.mmdb", b"no database".to_vec()).unwrap_err();
        assert!(error.to_string().starts_with("geo.mmdb"), "{error}");
    }
}
