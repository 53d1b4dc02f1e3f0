//! Ids for other tools: the same thing has the same id in every run and every case folder.
//!
//! Decisive choice: UUIDs of version 5 (RFC 9562) over what makes a thing itself, in a namespace of Weir's own; what STIX calls observables are named in
//! STIX's namespace by its rule, so that two tools that saw one address name it alike.

use sha1::{Digest, Sha1};

/// `uuid5(NAMESPACE_URL, "urn:weir:export")`.
const WEIR: [u8; 16] =
    [0x1a, 0xc1, 0x38, 0xb9, 0x82, 0xf0, 0x56, 0xcc, 0xbe, 0x05, 0x84, 0x5b, 0x85, 0x8d, 0x16, 0xc6];
/// The namespace of STIX 2.1 for observables (section 2.9).
const STIX: [u8; 16] =
    [0x00, 0xab, 0xed, 0xb4, 0xaa, 0x42, 0x46, 0x6c, 0x9c, 0x01, 0xfe, 0xd2, 0x33, 0x15, 0xa9, 0xb7];

fn version_5(namespace: [u8; 16], name: &str) -> String {
    let digest = Sha1::new().chain_update(namespace).chain_update(name).finalize();
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest.iter()).for_each(|(to, from)| *to = *from);
    bytes[6] = bytes[6] & 0x0f | 0x50;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

/// The id of what these parts make itself.
pub(super) fn uuid(parts: &[&str]) -> String {
    version_5(WEIR, &parts.join("\u{1f}"))
}

/// The id of an observable by its contributing properties, as canonical JSON (RFC 8785).
pub(super) fn observable(kind: &str, properties: &str) -> String {
    format!("{kind}--{}", version_5(STIX, properties))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against `python3 -c 'import uuid; print(uuid.uuid5(...))'`.
    #[test]
    fn ids_are_those_of_the_standard() {
        let of = |properties| observable("ipv4-addr", properties);
        assert_eq!(of(r#"{"value":"198.51.100.3"}"#), "ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4");
        assert_eq!(uuid(&["finding", "1"]), "0058642e-e379-524b-8a77-ba09dd1da541");
        assert_ne!(uuid(&["a", "b"]), uuid(&["ab"]));
    }
}
