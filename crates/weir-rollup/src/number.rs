//! The number by which a sketch counts a value.
//!
//! Decisive choice: an address of version 4 is its own number, any other value its hash. Addresses that are seen together lie near each other as a
//! rule, those of a prefix always, and sets of near numbers are stored in a quarter of the bytes.

use std::net::Ipv4Addr;
use weir_stats::hash64;

/// The first half of the numbers of addresses. A hash that begins so is as likely an address's as another value's hash.
const ADDRESS: u64 = 4 << 32;

/// The number of a value.
#[must_use]
pub fn number_of(value: &str) -> u64 {
    // Such an address is written in one way only: leading zeros are no address.
    match value.parse::<Ipv4Addr>() {
        Ok(address) => ADDRESS | u64::from(address.to_bits()),
        Err(_) => hash64(value.as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_near_and_all_else_is_hashed() {
        assert_eq!(number_of("10.0.0.1") + 1, number_of("10.0.0.2"));
        assert_ne!(number_of("0.0.0.0"), 0, "nothing is counted under zero");
        for other in ["10.0.0.01", "10.0.0", "::ffff:10.0.0.1", "10.0.0.0/24", "ec2.amazonaws.com", ""] {
            assert_eq!(number_of(other), hash64(other.as_bytes()));
        }
    }
}
