//! Every log source: one file each, one line each below.
//!
//! Decisive choice: the registry is data. Order breaks ties in recognition, so formats with marks of their own stand before general
//! ones; nothing else in the crate knows a source by name.

pub mod aws_cloudtrail;
pub mod postgresql_csvlog;
pub mod syslog_auth;
pub mod token_issuance;
pub mod web_combined;
pub mod web_json;
pub mod zeek;

use crate::source::Source;

/// Every source, in the order in which ties are decided.
pub fn all() -> &'static [&'static dyn Source] {
    static ALL: &[&dyn Source] = &[
        &aws_cloudtrail::AwsCloudtrail,
        &postgresql_csvlog::PostgresqlCsvlog,
        &syslog_auth::SyslogAuth,
        &token_issuance::TokenIssuance,
        &web_combined::WebCombined,
        &web_json::WebJson,
        &zeek::ZeekConn,
        &zeek::ZeekHttp,
    ];
    ALL
}

/// The source of this name.
pub fn by_name(name: &str) -> Option<&'static dyn Source> {
    all().iter().copied().find(|source| source.info().name == name)
}
