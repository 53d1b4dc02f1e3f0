//! What an event type means.

/// Class, activity and what the type itself says of success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    /// OCSF class: 3001 account change, 3002 authentication, 3003 authorize session. Null where the type is not known.
    pub(super) class_uid: Option<i32>,
    pub(super) activity: &'static str,
    pub(super) succeeded: Option<bool>,
}

/// Auth0's codes: failure first in each pair's name, as Auth0 writes them.
const AUTH0: &[(&str, i32, &str, bool)] = &[
    ("f", 3002, "logon", false),
    ("fcoa", 3002, "logon", false),
    ("fcp", 3001, "update", false),
    ("feacft", 3003, "issue", false),
    ("feccft", 3003, "issue", false),
    ("fede", 3003, "issue", false),
    ("fens", 3003, "issue", false),
    ("feoobft", 3003, "issue", false),
    ("feotpft", 3003, "issue", false),
    ("fepft", 3003, "issue", false),
    ("fertft", 3003, "refresh", false),
    ("flo", 3002, "logoff", false),
    ("fp", 3002, "logon", false),
    ("fs", 3001, "create", false),
    ("fsa", 3002, "logon", false),
    ("fu", 3002, "logon", false),
    ("gd_auth_failed", 3002, "challenge", false),
    ("gd_auth_rejected", 3002, "challenge", false),
    ("gd_auth_succeed", 3002, "challenge", true),
    ("limit_mu", 3002, "logon", false),
    ("limit_wc", 3002, "logon", false),
    ("s", 3002, "logon", true),
    ("scoa", 3002, "logon", true),
    ("scp", 3001, "update", true),
    ("sdu", 3001, "delete", true),
    ("seacft", 3003, "issue", true),
    ("seccft", 3003, "issue", true),
    ("sede", 3003, "issue", true),
    ("sens", 3003, "issue", true),
    ("seoobft", 3003, "issue", true),
    ("seotpft", 3003, "issue", true),
    ("sepft", 3003, "issue", true),
    ("sertft", 3003, "refresh", true),
    ("slo", 3002, "logoff", true),
    ("srrt", 3003, "revoke", true),
    ("ss", 3001, "create", true),
    ("ssa", 3002, "logon", true),
];

/// The meaning of an Auth0 code.
pub(super) fn of_auth0(code: &str) -> Option<Kind> {
    let index = AUTH0.binary_search_by(|row| row.0.cmp(code)).ok()?;
    let (_, class, activity, succeeded) = AUTH0.get(index)?;
    Some(Kind { class_uid: Some(*class), activity, succeeded: Some(*succeeded) })
}

/// The meaning of an event type in words (`token_issued`, `CODE_TO_TOKEN`, `user.session.start`, `SignInLogs`), by the words in it.
pub(super) fn of_words(name: &str) -> Option<Kind> {
    let word: String =
        name.chars().take(128).filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let has = |parts: &[&str]| parts.iter().any(|p| word.contains(p));
    let succeeded = if has(&["fail", "error", "denied", "refused", "reject", "invalid"]) {
        Some(false)
    } else if has(&["issued", "succe", "granted", "created", "refreshed", "revoked"]) {
        Some(true)
    } else {
        None
    };
    let kind = |class, activity| Some(Kind { class_uid: Some(class), activity, succeeded });
    if has(&["policy", "introspect", "validat", "ratelimit"]) {
        return None;
    }
    if has(&["revok"]) {
        return kind(3003, "revoke");
    }
    if has(&["refresh"]) {
        return kind(3003, "refresh");
    }
    if has(&["logout", "logoff", "signout", "signoff", "sessionend", "endsession", "sessionexpire"]) {
        return kind(3002, "logoff");
    }
    if has(&["privilege", "password", "factor", "totp"]) && !has(&["showpassword", "passwordgrant"]) {
        return kind(3001, change(&word));
    }
    let hands_out = has(&["token", "session", "credential", "authcode"]);
    if has(&["codetotoken", "clientlogin"])
        || hands_out && has(&["issu", "grant", "creat", "generat", "mint", "exchang"])
    {
        return kind(3003, "issue");
    }
    if has(&[
        "login",
        "logon",
        "signin",
        "signon",
        "authenticat",
        "sessionstart",
        "startsession",
        "impersonate",
    ]) {
        return kind(3002, "logon");
    }
    let account = has(&["user", "account", "member", "register", "signup"]);
    if account
        && has(&[
            "creat", "delet", "updat", "chang", "regist", "signup", "activat", "suspend", "unlock", "lock",
        ])
    {
        return kind(3001, change(&word));
    }
    None
}

fn change(word: &str) -> &'static str {
    let kinds = [
        (&["creat", "regist", "signup", "enroll"][..], "create"),
        (&["delet", "remov", "deactivat"], "delete"),
        (&["grant", "assign"], "attach"),
    ];
    kinds
        .iter()
        .find(|(parts, _)| parts.iter().any(|p| word.contains(p)))
        .map_or("update", |(_, activity)| activity)
}

/// What an outcome's word says.
pub(super) fn outcome(word: &str) -> Option<bool> {
    let lower = word.trim().to_ascii_lowercase();
    match lower.as_str() {
        "success" | "succeeded" | "successful" | "ok" | "true" | "allow" | "allowed" | "granted"
        | "issued" | "0" => Some(true),
        "failure" | "failed" | "fail" | "error" | "deny" | "denied" | "false" | "refused" | "rejected" => {
            Some(false)
        }
        other => match other.parse::<i64>() {
            Ok(200..=299) => Some(true),
            Ok(400..=599) => Some(false),
            // Entra's error codes.
            Ok(10_000..) => Some(false),
            _ if other.starts_with("invalid_") => Some(false),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_sorted() {
        assert!(AUTH0.windows(2).all(|w| w[0].0 < w[1].0));
        assert_eq!(of_auth0("seacft").map(|k| (k.activity, k.succeeded)), Some(("issue", Some(true))));
        assert_eq!(of_auth0("sapi"), None);
    }

    #[test]
    fn types_mean_what_their_words_say() {
        let cases = [
            ("token_issued", "issue", Some(true)),
            ("sign_in_failed", "logon", Some(false)),
            ("LOGIN", "logon", None),
            ("LOGIN_ERROR", "logon", Some(false)),
            ("CODE_TO_TOKEN", "issue", None),
            ("CODE_TO_TOKEN_ERROR", "issue", Some(false)),
            ("CLIENT_LOGIN", "issue", None),
            ("TOKEN_EXCHANGE", "issue", None),
            ("REFRESH_TOKEN", "refresh", None),
            ("REVOKE_GRANT", "revoke", None),
            ("LOGOUT", "logoff", None),
            ("UPDATE_PASSWORD", "update", None),
            ("REGISTER", "create", None),
            ("user.session.start", "logon", None),
            ("user.session.end", "logoff", None),
            ("app.oauth2.token.grant.access_token", "issue", None),
            ("app.oauth2.as.token.revoke", "revoke", None),
            ("system.api_token.create", "issue", None),
            ("user.account.privilege.grant", "attach", None),
            ("user.account.reset_password", "update", None),
            ("TokenIssued", "issue", Some(true)),
            ("SignInLogs", "logon", None),
        ];
        for (name, activity, succeeded) in cases {
            assert_eq!(
                of_words(name).map(|k| (k.activity, k.succeeded)),
                Some((activity, succeeded)),
                "{name}"
            );
        }
        for name in [
            "",
            "GET",
            "policy.evaluate_sign_on",
            "system.org.rate_limit.warning",
            "INTROSPECT_TOKEN",
            "purchase",
            "AwsApiCall",
            "application.user_membership.show_password",
        ] {
            assert_eq!(of_words(name), None, "{name}");
        }
    }
}
