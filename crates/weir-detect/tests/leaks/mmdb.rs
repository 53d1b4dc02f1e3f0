//! A country database of a few networks, written in MaxMind's format (version 2): a search tree of 24-bit records, data, metadata.

use std::net::Ipv4Addr;

/// What a node's side leads to.
#[derive(Clone, Copy)]
enum Side {
    Nothing,
    Node(usize),
    /// Offset in the data section.
    Data(usize),
}

/// Lines of `network,country` (`192.0.2.0/24,KR`) as a database's bytes.
pub fn database(lines: &str) -> Vec<u8> {
    let (mut tree, mut data) = (vec![[Side::Nothing; 2]], Vec::new());
    for (network, country) in lines.lines().filter_map(|line| line.split_once(',')) {
        let (address, bits) = network.split_once('/').unwrap();
        let (address, bits) = (u32::from(address.parse::<Ipv4Addr>().unwrap()), bits.parse::<u32>().unwrap());
        let mut node = 0;
        for nth in 0..bits {
            let side = usize::from(address >> (31 - nth) & 1 == 1);
            if nth + 1 == bits {
                tree[node][side] = Side::Data(data.len());
            } else if let Side::Node(next) = tree[node][side] {
                node = next;
            } else {
                tree[node][side] = Side::Node(tree.len());
                node = tree.len();
                tree.push([Side::Nothing; 2]);
            }
        }
        map(&mut data, 1);
        match country.parse::<u32>() {
            Ok(number) => {
                text(&mut data, "autonomous_system_number");
                data.push(6 << 5 | 4);
                data.extend_from_slice(&number.to_be_bytes());
            }
            Err(_) => {
                text(&mut data, "country_code");
                text(&mut data, country);
            }
        }
    }
    let mut out = Vec::new();
    for side in tree.iter().flatten() {
        let record = match side {
            Side::Nothing => tree.len(),
            Side::Node(node) => *node,
            Side::Data(offset) => tree.len() + 16 + offset,
        };
        out.extend_from_slice(&u32::try_from(record).unwrap().to_be_bytes()[1..]);
    }
    out.extend_from_slice(&[0; 16]);
    out.extend(data);
    metadata(&mut out, tree.len());
    out
}

fn metadata(out: &mut Vec<u8>, nodes: usize) {
    out.extend_from_slice(b"\xab\xcd\xefMaxMind.com");
    map(out, 9);
    text(out, "node_count");
    out.push(6 << 5 | 4);
    out.extend_from_slice(&u32::try_from(nodes).unwrap().to_be_bytes());
    for (name, value) in [
        ("record_size", 24_u16),
        ("ip_version", 4),
        ("binary_format_major_version", 2),
        ("binary_format_minor_version", 0),
    ] {
        text(out, name);
        out.push(5 << 5 | 2);
        out.extend_from_slice(&value.to_be_bytes());
    }
    text(out, "database_type");
    text(out, "test");
    // Types beyond 7 stand in a byte of their own: an empty array, an unsigned 64-bit number.
    text(out, "languages");
    out.extend_from_slice(&[0, 11 - 7]);
    text(out, "build_epoch");
    out.extend_from_slice(&[0, 9 - 7]);
    text(out, "description");
    map(out, 0);
}

fn map(out: &mut Vec<u8>, pairs: u8) {
    out.push(7 << 5 | pairs);
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.push(2 << 5 | u8::try_from(text.len()).unwrap());
    out.extend_from_slice(text.as_bytes());
}

#[test]
fn a_database_of_another_kind_is_said_so() {
    let (countries, asns) = (database("192.0.2.0/24,KR"), database("192.0.2.0/24,64500"));
    assert!(weir_catalog::Countries::new("geo.mmdb", countries.clone()).is_ok());
    assert!(weir_catalog::Asns::new("asn.mmdb", asns.clone()).is_ok());
    let error = weir_catalog::Asns::new("geo.mmdb", countries).unwrap_err();
    assert_eq!(error.to_string(), "geo.mmdb: it is of another kind (test)");
    assert!(weir_catalog::Countries::new("asn.mmdb", asns).is_err());
    assert!(
        weir_catalog::Countries::new("none.mmdb", database("")).is_ok(),
        "an empty one says nothing wrong"
    );
}
