//! Evidence against the tools that strangers check it with: `ssh-keygen`, `openssl`, `sha256sum`, PyPI's `bagit`.

mod signatures;
mod tools;
