//! Whatever is read of other people's files is read without a panic.

use proptest::prelude::*;
use weir_evidence::{
    Checkpoint, Digest, Verifier, custody,
    signers::Signers,
    stamp::{self, Roots},
    tree::Proof,
};

const SIGNATURE: &str = "-----BEGIN SSH SIGNATURE-----\nU1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgl0PvLdourjnjJYF3AtZuJ5TV5vP39y\n-----END SSH SIGNATURE-----\n";

proptest! {
    #[test]
    fn bytes_of_any_kind_are_refused_quietly(bytes in proptest::collection::vec(any::<u8>(), 0..400), at in 0usize..180) {
        let text = String::from_utf8_lossy(&bytes);
        let mut signature = SIGNATURE.as_bytes().to_vec();
        for (place, byte) in signature.iter_mut().skip(at).zip(&bytes) {
            *place = *byte;
        }
        let signers = Signers::parse("").unwrap();
        prop_assert!(signers.check(&signature, b"x", jiff::Timestamp::UNIX_EPOCH, None).is_err());
        prop_assert!(signers.check(&bytes, b"x", jiff::Timestamp::UNIX_EPOCH, None).is_err());
        let _ = Signers::parse(&text);
        let pem = format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
        let _ = Roots::parse(pem.into_bytes());
        let roots = Roots::parse(b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n".to_vec()).unwrap();
        prop_assert!(stamp::verify(&bytes, &Digest::of(b"x"), None, &roots).is_err());
        // A granted status before it, so that what follows is looked at.
        let length = u8::try_from(bytes.len() % 100).unwrap();
        let granted = [&[0x30, length + 7, 0x30, 3, 2, 1, 0, 0x30, length], &bytes[..usize::from(length)]].concat();
        prop_assert!(stamp::verify(&granted, &Digest::of(b"x"), None, &roots).is_err());
        prop_assert!(Verifier::parse(&text).is_none());
        let key = Verifier::parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").unwrap();
        prop_assert!(Checkpoint::open(&text, &key).is_err());
        let note = format!("{text}\n\n— PeterNeumann x08go{text}\n");
        prop_assert!(Checkpoint::open(&note, &key).is_err());
        let _ = custody::check("custody.jsonl".as_ref(), &bytes[..]);
        prop_assert!(serde_json::from_slice::<Proof>(&bytes).is_err());
    }
}
