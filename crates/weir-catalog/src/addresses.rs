//! Where an address is registered and whose network it is in, by databases in MaxMind's format that the user names.

use crate::CatalogError;
use maxminddb::{PathElement, Reader};
use weir_stats::hash64;

/// Where makers of databases put the ISO 3166-1 code: MaxMind and DB-IP; sapics; IPinfo.
const COUNTRIES: [&[PathElement<'static>]; 3] = [
    &[PathElement::Key("country"), PathElement::Key("iso_code")],
    &[PathElement::Key("country_code")],
    &[PathElement::Key("country")],
];
/// Where they put the number of the autonomous system: MaxMind, DB-IP and sapics as a number; IPinfo as `AS15169`.
const ASN: &[PathElement<'static>] = &[PathElement::Key("autonomous_system_number")];
const ASN_TEXT: &[PathElement<'static>] = &[PathElement::Key("asn")];

/// A database of addresses.
struct Database {
    reader: Reader<Vec<u8>>,
    digest: u64,
}

impl Database {
    /// Takes a database's bytes; `key` of the configuration names it.
    fn new(key: &'static str, name: &str, bytes: Vec<u8>) -> Result<Self, CatalogError> {
        let digest = hash64(&bytes);
        let wrong = |e: maxminddb::MaxMindDbError| CatalogError::Addresses {
            key,
            file: name.to_owned(),
            message: e.to_string(),
        };
        Ok(Self { reader: Reader::from_source(bytes).map_err(wrong)?, digest })
    }

    fn find(&self, address: &str) -> Option<maxminddb::LookupResult<'_, Vec<u8>>> {
        self.reader.lookup(address.parse().ok()?).ok()
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.digest)
    }
}

/// Addresses to countries.
#[derive(Debug)]
pub struct Countries(Database);

impl Countries {
    /// Takes a database's bytes.
    ///
    /// # Errors
    /// If they are no such database.
    pub fn new(name: &str, bytes: Vec<u8>) -> Result<Self, CatalogError> {
        Database::new("countries", name, bytes).map(Self)
    }

    /// The country an address is registered in, ISO 3166-1 alpha-2; `None` when the database does not say.
    #[must_use]
    pub fn of(&self, address: &str) -> Option<&str> {
        let found = self.0.find(address)?;
        let code = |place: &[PathElement<'_>]| found.decode_path::<&str>(place).ok().flatten();
        COUNTRIES.into_iter().find_map(code).filter(|c| c.len() == 2)
    }

    /// Tells databases apart.
    #[must_use]
    pub fn digest(&self) -> u64 {
        self.0.digest
    }
}

/// Addresses to autonomous systems: whose network each is in.
#[derive(Debug)]
pub struct Asns(Database);

impl Asns {
    /// Takes a database's bytes.
    ///
    /// # Errors
    /// If they are no such database.
    pub fn new(name: &str, bytes: Vec<u8>) -> Result<Self, CatalogError> {
        Database::new("asns", name, bytes).map(Self)
    }

    /// The autonomous system that announces an address, as `AS15169`; `None` when the database does not say.
    #[must_use]
    pub fn of(&self, address: &str) -> Option<String> {
        let found = self.0.find(address)?;
        let number = found.decode_path::<u32>(ASN).ok().flatten();
        let text = || {
            let text = found.decode_path::<&str>(ASN_TEXT).ok().flatten()?;
            text.trim_start_matches(['A', 'S', 'a', 's']).parse().ok()
        };
        number.or_else(text).filter(|n| *n > 0).map(|n| format!("AS{n}"))
    }

    /// Tells databases apart.
    #[must_use]
    pub fn digest(&self) -> u64 {
        self.0.digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_database_is_said_so() {
        let error = Countries::new("geo.mmdb", b"no database".to_vec()).unwrap_err();
        assert!(error.to_string().starts_with("geo.mmdb"), "{error}");
        let error = Asns::new("asn.mmdb", b"no database".to_vec()).unwrap_err();
        assert!(error.help().is_some_and(|help| help.contains("inventory.asns")), "{error}");
    }
}
