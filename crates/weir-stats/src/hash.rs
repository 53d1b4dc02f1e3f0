//! The one hash of values: XXH3, 64 bits.
//!
//! Decisive choice: XXH3 has a written specification and independent implementations in many languages, gives the same answer on
//! every platform, and is among the fastest for the short strings that identifiers are. The `twox-hash` crate already stands below
//! Parquet's bloom filters. Hashes are stored in sketches, so the algorithm is part of the storage format: changing it needs a new
//! version of every stored sketch.
//!
//! What it refuses: secrecy. XXH3 is not keyed against an adversary; credentials are fingerprinted elsewhere, with a key.
//!
//! Reference: <https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md>.

use twox_hash::XxHash3_64;

/// Hash of a value, the same on every platform and in every version of Weir: XXH3-64 with seed 0.
#[must_use]
pub fn hash64(bytes: &[u8]) -> u64 {
    XxHash3_64::oneshot(bytes)
}

/// Hash of a value inside a space (a subject id in its namespace): XXH3-64 seeded with the space's own hash.
///
/// `hash64_in(hash64(b"member"), b"12")` and `hash64_in(hash64(b"order"), b"12")` differ, with no text concatenated.
#[must_use]
pub fn hash64_in(space: u64, bytes: &[u8]) -> u64 {
    XxHash3_64::oneshot_with_seed(space, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the reference implementation (`python -m pip install xxhash`): stored sketches die if one of these changes.
    #[test]
    fn agrees_with_the_reference_implementation() {
        assert_eq!(hash64(b""), 0x2d06800538d394c2);
        assert_eq!(hash64(b"a"), 0xe6c632b61e964e1f);
        assert_eq!(hash64(b"8812"), 0xa551023b215772f7);
        assert_eq!(hash64(b"203.0.113.7"), 0x5a3c573130817a24);
        assert_eq!(hash64(b"0123456789abcdef0"), 0xc92e2385daf36034);
        assert_eq!(hash64(&b"weir".repeat(20)), 0x9e1dd773e270238f);
        assert_eq!(hash64(&[b'x'; 200]), 0x50ef124fb1e4de53);
        assert_eq!(hash64(&[b'y'; 1000]), 0x6a7df51df515dbab);
        assert_eq!(hash64_in(hash64(b"member"), b"8812"), 0xa54b9cdc86a56a71);
    }

    #[test]
    fn spaces_are_apart() {
        assert_ne!(hash64_in(hash64(b"member"), b"12"), hash64_in(hash64(b"order"), b"12"));
        assert_ne!(hash64_in(hash64(b"member"), b"12"), hash64(b"12"));
    }
}
