//! Evidence against the tools that strangers check it with: `ssh-keygen`, `openssl`, `sha256sum`, PyPI's `bagit`.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests fail as tests do")]

mod authority;
mod bags;
mod hostile;
mod https;
mod sealing;
mod served;
mod signatures;
mod stamps;
mod tools;
