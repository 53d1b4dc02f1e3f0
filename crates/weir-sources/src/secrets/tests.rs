//! What is replaced and what stays.

use super::*;
use proptest::prelude::*;
use serde_json::json;
use std::borrow::Cow;

const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI4ODEyIn0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const AWS: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

fn prints() -> Fingerprints {
    Fingerprints::default()
}

/// Each text with the secrets in it: they are gone, fingerprints stand in their place, the rest stays.
#[track_caller]
fn gone(clean: &str, text: &str, secrets: &[&str]) {
    let mut want = text.to_owned();
    for secret in secrets {
        assert!(text.contains(secret), "the test holds its secret: {secret}");
        want = want.replace(secret, &prints().of(secret));
    }
    assert_eq!(clean, want, "of {text}");
}

#[test]
fn a_fingerprint_is_keyed_short_and_stays_itself() {
    let (a, b) = (Fingerprints::new([1; 32]), Fingerprints::new([2; 32]));
    assert_ne!(a.of("x"), b.of("x"));
    assert_ne!(a.key_id(), b.key_id());
    assert_eq!(a.of("x").len(), 27);
    assert_eq!(b.of(&a.of("x")), a.of("x"));
    assert!(!format!("{a:?}").contains("1, 1"));
    assert!(is_fingerprint(&a.of("")) && !is_fingerprint("fp_x"));
}

#[test]
fn free_text_loses_its_secrets_only() {
    let block = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabc\n-----END RSA PRIVATE KEY-----";
    let basic = "YW5uOmh1bnRlcjI=";
    for (text, secrets) in [
        (format!("Authorization: Bearer {JWT}"), vec![JWT]),
        (format!("curl -H 'Authorization: Basic {basic}' x"), vec![basic]),
        ("{\"authorization\":\"Bearer abc123XYZ\",\"n\":1}".to_owned(), vec!["abc123XYZ"]),
        (format!("token is {JWT}, ok"), vec![JWT]),
        (format!("aws_secret_access_key = {AWS} next"), vec![AWS]),
        (format!("\"secretAccessKey\": \"{AWS}\", \"accessKeyId\": \"AKIAIOSFODNN7EXAMPLE\""), vec![AWS]),
        (format!("{{\\\"secretAccessKey\\\":\\\"{AWS}\\\"}}"), vec![AWS]),
        ("login password=hunter2&user=ann".to_owned(), vec!["hunter2"]),
        ("login password: \"hunter 2\" user=ann".to_owned(), vec!["hunter 2"]),
        ("Cookie: a=s3cr3t; theme=dark99".to_owned(), vec!["s3cr3t", "dark99"]),
        ("Set-Cookie: sid=s3cr3t; Path=/; HttpOnly".to_owned(), vec!["s3cr3t"]),
        ("get https://ann:hunter2@shop.example/x".to_owned(), vec!["hunter2"]),
        ("session=abcdef0123; x".to_owned(), vec!["abcdef0123"]),
        ("GET /x?next=1&X-Amz-Signature=0123abcd&y=2 HTTP/1.1".to_owned(), vec!["0123abcd"]),
        (
            "key ghp_0123456789abcdefghijABCDEFGHIJ012345 found".to_owned(),
            vec!["ghp_0123456789abcdefghijABCDEFGHIJ012345"],
        ),
        (block.to_owned(), vec!["\nMIIEow\nabc\n"]),
        ("redirect=https%3A%2F%2Fx%3Ftoken%3Dabcd1234%26u%3D1".to_owned(), vec!["abcd1234"]),
    ] {
        let clean = prints().scrub(&text).into_owned();
        // A block of lines is trimmed before it is hashed.
        if text == block {
            assert!(!clean.contains("MIIE") && clean.contains("fp_"), "{clean}");
        } else {
            gone(&clean, &text, &secrets);
        }
        assert_eq!(prints().scrub(&clean), clean, "a clean text stays");
    }
}

#[test]
fn a_credential_header_of_aws_keeps_its_key_id() {
    let text = "Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20250101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=fe5f80";
    gone(&prints().scrub(text), text, &["fe5f80"]);
}

#[test]
fn clean_text_is_borrowed() {
    for text in [
        "arn:aws:secretsmanager:us-east-1:123837392027:secret:stratus-red-team-retrieve-secret-0-aBcDeF",
        "",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_12_0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/54.0.2840.59 Safari/537.36",
        "Failed password for invalid user admin from 192.0.2.7 port 41342 ssh2",
        "pam_unix(sshd:session): session opened for user root by (uid=0)",
        "Basic authentication failed: Bearer authentication required",
        "Accepted publickey for ann: RSA SHA256:AbCdEf",
        "{\"keyName\":\"k\",\"accessKeyId\":\"AKIAIOSFODNN7EXAMPLE\",\"nextToken\":\"x\",\"password\":null}",
        "password=******** token=- Authorization: REDACTED",
        "日本語: ユーザー=太郎",
    ] {
        assert!(matches!(prints().scrub(text), Cow::Borrowed(_)), "{text}: {}", prints().scrub(text));
    }
    for query in
        ["id=5&x=y", "code=404&key=name&auth=1", "q=token", "", "&&==", "X-Amz-Credential=AKIA%2F2025"]
    {
        assert!(matches!(prints().scrub_query(query), Cow::Borrowed(_)), "{query}");
    }
    for path in ["/members/8812", "/", "", "/a;b=c/d", "*"] {
        assert!(matches!(prints().scrub_path(path), Cow::Borrowed(_)), "{path}");
    }
}

#[test]
fn urls_lose_what_is_secret_in_each_part() {
    for (url, secrets) in [
        ("https://ann:hunter2@x.example/a?b=1", vec!["hunter2"]),
        ("/cb?code=4/0AX4XfWh-abcdef12345&state=xyz", vec!["4/0AX4XfWh-abcdef12345"]),
        ("/cb#access_token=abc&id=1", vec!["abc"]),
        ("/a;jsessionid=0A1B2C3D?x=1", vec!["0A1B2C3D"]),
        ("/x?PASSWORD=a&user[password]=b", vec!["a", "b"]),
    ] {
        // Short secrets occur elsewhere in the URL: compare by hand.
        let clean = prints().scrub_url(url).into_owned();
        for secret in secrets {
            assert!(
                clean.contains(&prints().of(secret)) && !clean.contains(&format!("={secret}")),
                "{clean}"
            );
        }
        assert_eq!(prints().scrub_url(&clean), clean);
    }
    let reset = format!("/reset/{JWT}/now");
    gone(&prints().scrub_url(&reset), &reset, &[JWT]);
    assert_eq!(
        prints().scrub_query("token=a%20b"),
        format!("token={}", prints().of("a b")),
        "decoded, so it joins with a header's"
    );
}

#[test]
fn json_is_searched_by_name_and_by_form() {
    let text = json!({
        "password": "hunter2", "pin": 1234, "keep": "me", "accessKeyId": "AKIAIOSFODNN7EXAMPLE", "key": "photos/cat.jpg",
        "headers": {"Cookie": ["a=b1; c=d2"], "Authorization": ["Bearer abc123XYZ"]},
        "list": [JWT, {"client_secret": "x"}], "url": "https://u:pw99@h/", "nextToken": "page2", "token": null, "secret": "REDACTED"
    });
    let clean = Clean::default().scrub_json(&prints(), &text.to_string()).unwrap();
    let of = |s: &str| prints().of(s);
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&clean).unwrap(),
        json!({
            "password": of("hunter2"), "pin": of("1234"), "keep": "me", "accessKeyId": "AKIAIOSFODNN7EXAMPLE", "key": "photos/cat.jpg",
            "headers": {"Cookie": [format!("a={}; c={}", of("b1"), of("d2"))], "Authorization": [format!("Bearer {}", of("abc123XYZ"))]},
            "list": [of(JWT), {"client_secret": of("x")}], "url": format!("https://u:{}@h/", of("pw99")), "nextToken": "page2",
            "token": null, "secret": "REDACTED"
        })
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_text_is_scrubbed_without_panic_and_once(
        parts in proptest::collection::vec(
            prop_oneof![
                Just("password=".to_owned()), Just("\"token\": \"".to_owned()), Just("Bearer ".to_owned()), Just(JWT.to_owned()),
                Just("Cookie: ".to_owned()), Just("://a:b@".to_owned()), Just("%3D".to_owned()), Just("PRIVATE KEY-----".to_owned()),
                Just("Authorization: ".to_owned()), Just("?sig=".to_owned()), "\\PC{0,6}", "[\"\\\\;&= \\[\\]%é]{0,4}", "[a-zA-Z0-9]{0,24}",
            ],
            0..12,
        )
    ) {
        let text = parts.concat();
        for scrub in [Fingerprints::scrub, Fingerprints::scrub_query, Fingerprints::scrub_path, Fingerprints::scrub_url] {
            let clean = scrub(&prints(), &text).into_owned();
            prop_assert!(!clean.contains(JWT), "{}", clean);
        }
        let mut clean = Clean::default();
        for query in parts.iter().chain([&text]) {
            prop_assert_eq!(clean.scrub_query(&prints(), query), prints().scrub_query(query));
        }
    }
}

/// Members sorted, the last of one name, numbers and escapes as `serde_json` writes them; nothing of what it cannot read.
#[test]
fn json_without_secrets_is_what_serde_json_writes() {
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let texts = [
        r#"{"b":1,"a":[1.0, -0, 1e3, 18446744073709551615, 18446744073709551616, 0.1, -5, null, true, false],"b":{"c":2,"":3}}"#,
        r#"{"é":"\u00e9\\\"\n\u0007 / \/","a\u0062":"x","ab":"y","ab":"z"}"#,
        r#" "text" "#,
        r#"{"a":"\ud800"}"#,
        r#"{"a":1e999}"#,
        r#"{"a":}"#,
        &deep(127),
        &deep(128),
    ];
    for text in texts {
        let value: Option<serde_json::Value> = serde_json::from_str(text).ok();
        let clean = Clean::default().scrub_json(&prints(), text);
        assert_eq!(clean, value.map(|value| value.to_string()), "{text}");
    }
}
