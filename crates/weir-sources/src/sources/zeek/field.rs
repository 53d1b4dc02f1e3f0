//! The fields that are read of Zeek's records.

/// Declares the fields, each with its name.
macro_rules! fields {
    ($($field:ident $name:literal,)*) => {
        /// A field.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Field { $($field,)* }

        /// How many there are.
        pub(super) const FIELDS: usize = [$(Field::$field,)*].len();

        impl Field {
            /// The field of this name.
            pub(super) fn of(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$field),)*
                    _ => None,
                }
            }
        }
    };
}

fields! {
    Ts "ts",
    Uid "uid",
    Fuid "fuid",
    OrigH "id.orig_h",
    OrigP "id.orig_p",
    RespH "id.resp_h",
    RespP "id.resp_p",
    Proto "proto",
    Service "service",
    Duration "duration",
    OrigBytes "orig_bytes",
    RespBytes "resp_bytes",
    ConnState "conn_state",
    OrigPkts "orig_pkts",
    RespPkts "resp_pkts",
    TransDepth "trans_depth",
    Method "method",
    Host "host",
    Uri "uri",
    Referrer "referrer",
    Version "version",
    UserAgent "user_agent",
    RequestBodyLen "request_body_len",
    ResponseBodyLen "response_body_len",
    StatusCode "status_code",
    StatusMsg "status_msg",
    Username "username",

    // Of JSON alone: which log a record is of, by Corelight and by the pipelines of Kafka and Logstash; the machine that wrote it; and the
    // connection's ends as an object, or as that is flattened.
    Path "_path",
    Stream "@stream",
    SystemName "_system_name",
    System "@system",
    Id "id",
    FlatOrigH "id_orig_h",
    FlatOrigP "id_orig_p",
    FlatRespH "id_resp_h",
    FlatRespP "id_resp_p",
}
