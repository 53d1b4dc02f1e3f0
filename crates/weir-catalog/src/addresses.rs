//! Where an address is registered and whose network it is in, by databases in MaxMind's format that the user names.

use crate::CatalogError;
use maxminddb::{PathElement, Reader, WithinOptions};
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

/// Networks of a database that are asked whether it is of the kind it is said to be.
const NETWORKS_TRIED: usize = 10_000;

/// A database of addresses.
struct Database {
    reader: Reader<Vec<u8>>,
    digest: u64,
}

impl Database {
    /// Takes a database's bytes; `key` of the configuration names it. One that tells `says` of none of its first networks is of another kind.
    fn new(
        key: &'static str,
        name: &str,
        bytes: Vec<u8>,
        says: impl Fn(&maxminddb::LookupResult<'_, Vec<u8>>) -> bool,
    ) -> Result<Self, CatalogError> {
        let digest = hash64(&bytes);
        let wrong = |message: String| CatalogError::Addresses { key, file: name.to_owned(), message };
        let reader = Reader::from_source(bytes).map_err(|e| wrong(e.to_string()))?;
        let networks = reader.networks(WithinOptions::default()).map_err(|e| wrong(e.to_string()))?;
        let mut told =
            networks.take(NETWORKS_TRIED).flatten().filter(maxminddb::LookupResult::has_data).peekable();
        if told.peek().is_some() && !told.any(|network| says(&network)) {
            return Err(wrong(format!("it is of another kind ({})", reader.metadata().database_type)));
        }
        drop(told);
        Ok(Self { reader, digest })
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

/// The country that a database names.
fn country<'r>(found: &maxminddb::LookupResult<'r, Vec<u8>>) -> Option<&'r str> {
    let code = |place: &[PathElement<'_>]| found.decode_path::<&str>(place).ok().flatten();
    COUNTRIES.into_iter().find_map(code).filter(|c| c.len() == 2)
}

/// The number of the autonomous system that it names.
fn system(found: &maxminddb::LookupResult<'_, Vec<u8>>) -> Option<u32> {
    let number = found.decode_path::<u32>(ASN).ok().flatten();
    let text = || {
        let text = found.decode_path::<&str>(ASN_TEXT).ok().flatten()?;
        text.trim_start_matches(['A', 'S', 'a', 's']).parse().ok()
    };
    number.or_else(text).filter(|n| *n > 0)
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
        Database::new("countries", name, bytes, |network| country(network).is_some()).map(Self)
    }

    /// The country an address is registered in, ISO 3166-1 alpha-2; `None` when the database does not say.
    #[must_use]
    pub fn of(&self, address: &str) -> Option<&str> {
        country(&self.0.find(address)?)
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
        Database::new("asns", name, bytes, |network| system(network).is_some()).map(Self)
    }

    /// The autonomous system that announces an address, as `AS15169`; `None` when the database does not say.
    #[must_use]
    pub fn of(&self, address: &str) -> Option<String> {
        system(&self.0.find(address)?).map(|n| format!("AS{n}"))
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
