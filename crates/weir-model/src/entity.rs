//! Entities: everything that can act, carry, or be acted on, as a (kind, value) pair.

use crate::names::kept;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What kind of thing an entity is. The order is the order of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EntityKind {
    /// Who acts: a user, role or service name or ARN.
    Actor,
    /// A token, session or API key, by fingerprint or by its public id.
    Credential,
    /// A key that signs credentials, by key id.
    Key,
    /// One IP address.
    Origin,
    /// An address prefix: `/24` for IPv4, `/48` for IPv6.
    Prefix,
    /// An autonomous system, the network of one operator: `AS15169`.
    Asn,
    /// A client fingerprint: the user agent string.
    Client,
    /// A request path with its variable parts replaced.
    Route,
    /// A configured or learned dataset.
    Dataset,
    /// A named resource: bucket, table, object, instance, role.
    Resource,
    /// A machine, by name.
    Host,
    /// A person whose data it is.
    Subject,
    /// A producer of one log.
    Sensor,
    /// A country, ISO 3166-1 alpha-2.
    Country,
    /// A cloud or directory account (tenant).
    Account,
    /// A dataset as read from one country: `KR/addresses`. Rolled up, never accused: findings name the country and the dataset.
    Crossing,
}

impl EntityKind {
    /// The word stored in the lake and shown to people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Actor => "actor",
            Self::Credential => "credential",
            Self::Key => "key",
            Self::Origin => "origin",
            Self::Prefix => "prefix",
            Self::Asn => "asn",
            Self::Client => "client",
            Self::Route => "route",
            Self::Dataset => "dataset",
            Self::Resource => "resource",
            Self::Host => "host",
            Self::Subject => "subject",
            Self::Sensor => "sensor",
            Self::Country => "country",
            Self::Account => "account",
            Self::Crossing => "crossing",
        }
    }

    /// The word for several.
    pub fn plural(self) -> String {
        match self {
            Self::Prefix => "prefixes".to_owned(),
            Self::Country => "countries".to_owned(),
            Self::Asn => "autonomous systems".to_owned(),
            other => format!("{other}s"),
        }
    }
}

impl fmt::Display for EntityKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A thing records speak of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Entity {
    /// What kind of thing.
    pub kind: EntityKind,
    /// Its value as the logs write it (secrets as fingerprints).
    pub value: String,
}

impl Entity {
    /// An entity of a kind.
    pub fn new(kind: EntityKind, value: impl Into<String>) -> Self {
        Self { kind, value: value.into() }
    }

    /// The same with an address, or an address prefix, in its one spelling, and with a name as records keep it ([`crate::names`]).
    #[must_use]
    pub fn spelled(self) -> Self {
        let one = match self.kind {
            EntityKind::Origin => address_of(&self.value),
            EntityKind::Prefix => self
                .value
                .split_once('/')
                .and_then(|(base, bits)| Some(format!("{}/{}", address_of(base)?, bits.trim()))),
            _ => Some(kept(&self.value).into_owned()),
        };
        Self { value: one.unwrap_or(self.value), ..self }
    }
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.value)
    }
}

/// The name that people call an entity by: of an ARN its resource (`user/ann`), else the value itself.
pub fn name_of(value: &str) -> &str {
    let mut parts = value.splitn(6, ':');
    let arn = parts.next() == Some("arn");
    parts.nth(4).filter(|resource| arn && !resource.is_empty()).unwrap_or(value)
}

/// The one spelling of an address, however it is written: IPv6 as RFC 5952 has it, an IPv4 address inside of one as IPv4, without a port, brackets, the
/// length of a network of one or zeros before its numbers (`192.000.002.007`, as those who pad mean it); `None` when it is not an address.
pub fn address_of(text: &str) -> Option<String> {
    let text = text.trim();
    let alone = || text.parse::<std::net::IpAddr>().ok();
    let with_port = || text.parse::<std::net::SocketAddr>().ok().map(|socket| socket.ip());
    let bracketed =
        || text.strip_prefix('[')?.strip_suffix(']')?.parse::<std::net::Ipv6Addr>().ok().map(Into::into);
    let network = || match text.split_once('/')? {
        (address, "32") => address.parse::<std::net::Ipv4Addr>().ok().map(Into::into),
        (address, "128") => address.parse::<std::net::Ipv6Addr>().ok().map(Into::into),
        _ => None,
    };
    let address: std::net::IpAddr =
        alone().or_else(with_port).or_else(bracketed).or_else(network).or_else(|| padded(text))?;
    Some(address.to_canonical().to_string())
}

/// Every address that a text may name, each in its one spelling: of a list (`X-Forwarded-For`, `for=192.0.2.7`) each; of one with a zone (`fe80::1%eth0`)
/// that without; of one behind NAT64 (RFC 6052's `64:ff9b::/96`) that of version 4, too.
pub fn addresses_in(text: &str) -> impl Iterator<Item = String> {
    let each = |part: &str| {
        let part = part.trim_end_matches('.');
        let found = address_of(part).or_else(|| address_of(&zoneless(part)?));
        let inside = found.as_deref().and_then(behind_nat64);
        [found, inside]
    };
    text.split([',', ' ', ';', '"', '\t', '|', '=']).flat_map(each).flatten()
}

/// An address without its zone, where it has one; with brackets and port.
fn zoneless(text: &str) -> Option<String> {
    let (address, zone) = text.split_once('%')?;
    Some([address, zone.find(']').and_then(|end| zone.get(end..)).unwrap_or_default()].concat())
}

fn behind_nat64(address: &str) -> Option<String> {
    match address.parse::<std::net::Ipv6Addr>().ok()?.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(std::net::Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)).to_string())
        }
        _ => None,
    }
}

/// An address of version 4 with zeros before its numbers, with a port or without.
fn padded(text: &str) -> Option<std::net::IpAddr> {
    let address = text.split_once(':').map_or(text, |(address, _)| address);
    let mut numbers = [0_u8; 4];
    let mut given = address.split('.');
    for number in &mut numbers {
        *number = given.next().filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()?;
    }
    given.next().is_none().then(|| std::net::Ipv4Addr::from(numbers).into())
}

/// The prefix an address belongs to: `/24` for IPv4, `/48` for IPv6; `None` when it is not an address.
pub fn prefix_of(address: &str) -> Option<String> {
    let Ok(parsed) = address.parse::<std::net::IpAddr>() else {
        return prefix_of(&address_of(address)?);
    };
    match parsed {
        // An address of version 4 is written in one way only, so it can be cut.
        std::net::IpAddr::V4(_) => address.rsplit_once('.').map(|(network, _)| [network, ".0/24"].concat()),
        std::net::IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => prefix_of(&v4.to_string()),
            None => {
                let [a, b, c, ..] = v6.segments();
                Some(format!("{}/48", std::net::Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0)))
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_one_spelling() {
        for written in ["2001:DB8::0:1", "2001:db8:0:0::1", " 2001:db8::1 "] {
            assert_eq!(Entity::new(EntityKind::Origin, written).spelled().value, "2001:db8::1");
        }
        for written in
            ["::ffff:192.0.2.7", "192.000.002.007", "192.0.2.7:443", "192.0.2.7/32", "[::ffff:192.0.2.7]:80"]
        {
            assert_eq!(address_of(written).as_deref(), Some("192.0.2.7"), "{written}");
            assert_eq!(prefix_of(written).as_deref(), Some("192.0.2.0/24"), "{written}");
        }
        for written in ["[2001:db8::1]", "[2001:DB8::1]:443", "2001:db8::1/128"] {
            assert_eq!(address_of(written).as_deref(), Some("2001:db8::1"), "{written}");
        }
        assert_eq!(
            (address_of("192.0.2.0/24"), prefix_of("192.0.2.0/24"), prefix_of("x:1")),
            (None, None, None)
        );
        assert_eq!(Entity::new(EntityKind::Prefix, "2001:DB8:0::/48").spelled().value, "2001:db8::/48");
        for other in ["host.example", "fe80::1%eth0", ""] {
            assert_eq!(Entity::new(EntityKind::Origin, other).spelled().value, other);
        }
        assert_eq!(Entity::new(EntityKind::Actor, "2001:DB8::1").spelled().value, "2001:DB8::1");
    }

    #[test]
    fn a_text_may_name_several_addresses() {
        let named = |text| addresses_in(text).collect::<Vec<_>>();
        assert_eq!(
            named("10.0.0.1, 198.51.100.9:443,2001:DB8::1"),
            ["10.0.0.1", "198.51.100.9", "2001:db8::1"]
        );
        assert_eq!(named("fe80::1%eth0"), ["fe80::1"]);
        assert_eq!(named("[fe80::1%25eth0]:443"), ["fe80::1"]);
        assert_eq!(named("64:ff9b::c000:207"), ["64:ff9b::c000:207", "192.0.2.7"]);
        assert_eq!(named("192.000.002.007:80"), ["192.0.2.7"]);
        assert_eq!(
            named("for=192.0.2.7|192.0.2.8%eth0\t192.0.2.9."),
            ["192.0.2.7", "192.0.2.8", "192.0.2.9"]
        );
        assert_eq!(named("unknown, host.example, 300.1.1.1, 1.2.3, 9%x, a%b:c"), [""; 0]);
    }
}
