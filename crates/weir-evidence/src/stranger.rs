//! How a stranger verifies a bag without Weir: as a script and as the few commands that matter.
//!
//! Decisive choice: the script is POSIX `sh` with `sha256sum`, `ssh-keygen`, `openssl` and what every system has beside them, and it lies in each bag
//! (`verify.sh`), listed in the tag manifest. Whoever does not trust the bag takes the script from elsewhere: it is the same for all.

use crate::{Digest, bag};
use std::path::Path;

/// The script: `sh verify.sh BAG SIGNERS [TSA_CA [PRINCIPAL]]`. Ends with 0 if the bag is whole, with 1 and a line for each fault if not.
pub const SCRIPT: &str = include_str!("verify.sh");

/// The commands for one bag, with its names filled in.
pub fn commands(bag: &Path, signers: &Path, principal: &str, stamped: bool) -> String {
    let quoted = |path: &Path| format!("'{}'", path.display().to_string().replace('\'', "'\\''"));
    let (folder, signers, principal) = (quoted(bag), quoted(signers), quoted(Path::new(principal)));
    let (tags, manifest, signature, stamp) = (bag::TAG_MANIFEST, bag::MANIFEST, bag::SIGNATURE, bag::STAMP);
    let namespace = crate::sign::NAMESPACE;
    let mut text = format!(
        "# all of it, excerpts, custody and log included, once it is the script that it should be:\n\
         echo {digest}\\ \\ {folder}/{script} | sha256sum -c && sh {folder}/{script} {folder} {signers}\n\
         # the most of it, step by step:\ncd {folder}\n\
         sha256sum --strict -c {tags} {manifest}\n\
         find . -type f | sed 's|^./||' | sort  # is there more than the two manifests list, {tags}, {signature} and {stamp}?\n\
         ssh-keygen -Y verify -f {signers} -I {principal} -n {namespace} -s {signature} < {tags}\n",
        digest = Digest::of(SCRIPT.as_bytes()),
        script = bag::SCRIPT,
    );
    if stamped {
        let roots = bag::STAMP_ROOTS;
        text += &format!(
            "openssl ts -verify -data {tags} -in {stamp} -CAfile {roots}  # better with roots of your own\n"
        );
        text += &format!("openssl ts -reply -in {stamp} -text\n");
    }
    text
}
