//! Names that secrets go by.

/// What a name says of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// The value is a secret.
    Always,
    /// The value is a secret when it is long and looks made by a machine.
    WhenRandom,
    /// An `Authorization` header: a scheme and a secret.
    Authorization,
    /// A `Cookie` header: names and values.
    Cookie,
    /// The name says nothing.
    Never,
}

/// Longest name looked at; longer ones say nothing.
const NAME_MAX: usize = 48;

/// Names that end like a secret's but hold none: paging and idempotency.
const HARMLESS: &[&str] = &[
    "clientrequesttoken",
    "clienttoken",
    "continuationtoken",
    "creationtoken",
    "idempotencytoken",
    "nextcontinuationtoken",
    "nextpagetoken",
    "nexttoken",
    "pagetoken",
    "pagingtoken",
    "paginationtoken",
    "starttoken",
    "startingtoken",
    "synctoken",
];

/// What a parameter, header, cookie or JSON key says of its value. Case, `-`, `_` and `.` do not count, a bracketed name
/// (`user[password]`) counts by its last part.
pub(super) fn rule(name: &str) -> Rule {
    let name = match name.strip_suffix(']').and_then(|n| n.rsplit_once('[')) {
        Some((_, last)) if !last.is_empty() => last,
        _ => name,
    };
    let mut buffer = [0u8; NAME_MAX];
    let mut len = 0;
    for byte in name.bytes() {
        if matches!(byte, b'-' | b'_' | b'.') {
            continue;
        }
        let Some(slot) = buffer.get_mut(len) else { return Rule::Never };
        *slot = byte.to_ascii_lowercase();
        len += 1;
    }
    buffer.get(..len).and_then(|b| std::str::from_utf8(b).ok()).map_or(Rule::Never, rule_of_plain)
}

fn rule_of_plain(name: &str) -> Rule {
    match name {
        "authorization" | "proxyauthorization" | "xforwardedauthorization" => Rule::Authorization,
        "cookie" | "setcookie" | "cookies" => Rule::Cookie,
        "pwd" | "mysqlpwd" | "dbpwd" | "userpwd" | "pass" | "sig" | "jwt" | "otp" | "totp" | "pin"
        | "session" | "sessid" | "phpsessid" | "jsessionid" | "connectsid" | "samlresponse" | "assertion"
        | "clientassertion" | "xamzsignature" | "xgoogsignature" | "privatekey" | "secretkey"
        | "passphrase" | "credentialvalue" | "xapikey" | "xauthkey" | "signingkey" | "accesskeysecret"
        | "plaintext" => Rule::Always,
        "auth" | "sid" | "code" | "key" | "ticket" | "codeverifier" | "userdata" => Rule::WhenRandom,
        _ if ["password", "passwd", "secret", "apikey", "sessionid", "signature", "secretaccesskey"]
            .iter()
            .any(|end| name.ends_with(end)) =>
        {
            Rule::Always
        }
        _ if name.ends_with("token") && !HARMLESS.contains(&name) => Rule::Always,
        _ => Rule::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_without_case_and_separators() {
        for name in [
            "token",
            "Access_Token",
            "ID-TOKEN",
            "X-Amz-Signature",
            "user[password]",
            "aws_secret_access_key",
            "sig",
        ] {
            assert_eq!(rule(name), Rule::Always, "{name}");
        }
        for name in [
            "nextToken",
            "user",
            "keyName",
            "X-Amz-Credential",
            "AWSAccessKeyId",
            "passwordLastUsed",
            "id",
            "",
        ] {
            assert_eq!(rule(name), Rule::Never, "{name}");
        }
        assert_eq!(rule("key"), Rule::WhenRandom);
        assert_eq!(rule("Authorization"), Rule::Authorization);
        assert_eq!(rule("Set-Cookie"), Rule::Cookie);
    }
}
