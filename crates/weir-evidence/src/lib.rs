//! Evidence that a stranger can check: what was cited stands in the acquired original, nobody changed it since, who held it, and when.
//!
//! Decisive choice: everything is in formats that others define and check with their own tools. A BagIt bag (RFC 8493), Merkle trees of
//! RFC 6962, a C2SP tile log, SSH signatures, RFC 3161 time stamps. `sha256sum`, `ssh-keygen` and `openssl` suffice; [`stranger`] writes
//! down how. Signatures are made and checked by `ring`, certificate chains by `rustls-webpki`, both in the build already.
//!
//! What this crate refuses: a clock (times are arguments), printing, reading outside of a bag it was given, believing anything a bag
//! says of itself that its signer did not sign.

pub mod bag;
pub mod custody;
pub mod log;
pub mod merkle;
pub mod sign;
pub mod signers;
pub mod stamp;
pub mod stranger;
pub mod tree;

mod der;
mod digest;
mod disk;
mod error;
mod note;

pub use digest::Digest;
pub use error::{EvidenceError, Result};
pub use note::{Checkpoint, Verifier};
