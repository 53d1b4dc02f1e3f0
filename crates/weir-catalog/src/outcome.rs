//! How a request ended, in the four ways that matter to a leak, and whether it showed data.
//!
//! Decisive choice: reach counts people only where data was shown. A miss, a refusal, a redirect or a question about headers shows
//! nobody; but a log that does not say how requests ended is believed to log what happened.

/// How an access ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Granted.
    Ok,
    /// Refused: HTTP 401 and 403, `AccessDenied` and its kin, SQLSTATE 42501.
    Denied,
    /// Nothing there: HTTP 404 and 410, `NoSuchKey` and its kin.
    Missing,
    /// Any other failure.
    Failed,
    /// The log does not say.
    Unknown,
}

impl Outcome {
    /// From a record's `status_id` and `status_code`.
    #[must_use]
    pub fn of(status_id: Option<i32>, status_code: Option<&str>) -> Self {
        let code = status_code.unwrap_or("");
        match code.parse::<u16>() {
            Ok(401 | 403) => return Self::Denied,
            Ok(404 | 410) => return Self::Missing,
            Ok(100..=399) => return Self::Ok,
            Ok(400..=599) => return Self::Failed,
            _ => {}
        }
        match status_id {
            Some(weir_model::record::STATUS_SUCCESS) => Self::Ok,
            Some(weir_model::record::STATUS_FAILURE) => Self::failure(code),
            _ => Self::Unknown,
        }
    }

    fn failure(code: &str) -> Self {
        let says = |words: &[&str]| words.iter().any(|word| code.contains(word));
        match () {
            () if ["42501", "28000", "28P01"].contains(&code) => Self::Denied,
            () if ["42P01", "3D000"].contains(&code) => Self::Missing,
            () if says(&["Denied", "Unauthorized", "Forbidden", "NotAuthorized"]) => Self::Denied,
            () if says(&["NoSuch", "NotFound", "DoesNotExist"]) => Self::Missing,
            () => Self::Failed,
        }
    }

    /// The word that SQL sees.
    #[must_use]
    pub fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Ok => Some("ok"),
            Self::Denied => Some("denied"),
            Self::Missing => Some("missing"),
            Self::Failed => Some("failed"),
            Self::Unknown => None,
        }
    }
}

/// Whether an access showed what it asked for.
#[must_use]
pub fn shows_data(outcome: Outcome, status_code: Option<&str>, http_method: Option<&str>) -> bool {
    let without_content = matches!(http_method, Some("HEAD" | "OPTIONS" | "TRACE" | "CONNECT"));
    let without_answer =
        matches!(status_code.and_then(|c| c.parse::<u16>().ok()), Some(100..=199 | 204 | 205 | 300..=399));
    matches!(outcome, Outcome::Ok | Outcome::Unknown) && !without_content && !without_answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_follow_codes_of_http_and_aws() {
        assert_eq!(Outcome::of(Some(1), Some("200")), Outcome::Ok);
        assert_eq!(Outcome::of(Some(2), Some("403")), Outcome::Denied);
        assert_eq!(Outcome::of(Some(2), Some("404")), Outcome::Missing);
        assert_eq!(Outcome::of(Some(2), Some("500")), Outcome::Failed);
        assert_eq!(Outcome::of(Some(2), Some("AccessDenied")), Outcome::Denied);
        assert_eq!(Outcome::of(Some(2), Some("Client.UnauthorizedOperation")), Outcome::Denied);
        assert_eq!(Outcome::of(Some(2), Some("NoSuchKey")), Outcome::Missing);
        assert_eq!(Outcome::of(Some(2), None), Outcome::Failed);
        assert_eq!(Outcome::of(None, None), Outcome::Unknown);
    }

    #[test]
    fn only_answers_with_content_show_data() {
        assert!(shows_data(Outcome::Ok, Some("200"), Some("GET")));
        assert!(shows_data(Outcome::Unknown, None, None));
        assert!(!shows_data(Outcome::Ok, Some("302"), Some("GET")));
        assert!(!shows_data(Outcome::Ok, Some("200"), Some("HEAD")));
        assert!(!shows_data(Outcome::Missing, Some("404"), Some("GET")));
    }
}
