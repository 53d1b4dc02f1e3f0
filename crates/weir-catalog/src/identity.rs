//! Query keys that name people by what they are reached or known by: `?phone=`, `?email=`, `?ssn=`.
//!
//! Decisive choice: only as the key of a query, and only for values of that form. A shop's `/phones/{id}` is a product and `?mobile=1`
//! asks for another page; a number of ten digits after `phone=` is somebody's.

use crate::segment::{Form, form};
use crate::words;

/// What kind of thing names the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// An e-mail address.
    EMail,
    /// A number that a state gave to a person.
    National,
    /// A passport's number.
    Passport,
    /// A telephone number.
    Phone,
}

use Identity::{EMail, National, Passport, Phone};

/// Words for them, as noun of a key: English, and what sites in other countries write.
const WORDS: &[(&str, Identity)] = &[
    ("aadhaar", National),
    ("aadhar", National),
    ("bsn", National),
    ("cccd", National),
    ("cedula", National),
    ("cel", Phone),
    ("cell", Phone),
    ("cellphone", Phone),
    ("celular", Phone),
    ("citizenid", National),
    ("codicefiscale", National),
    ("correo", EMail),
    ("courriel", EMail),
    ("cpf", National),
    ("cpr", National),
    ("curp", National),
    ("dni", National),
    ("email", EMail),
    ("epost", EMail),
    ("fodselsnummer", National),
    ("gsm", Phone),
    ("handphone", Phone),
    ("handy", Phone),
    ("hetu", National),
    ("hp", Phone),
    ("idcard", National),
    ("jumin", National),
    ("ktp", National),
    ("mail", EMail),
    ("mobil", Phone),
    ("mobile", Phone),
    ("mobilephone", Phone),
    ("movil", Phone),
    ("msisdn", Phone),
    ("mynumber", National),
    ("nationalid", National),
    ("nationalidentity", National),
    ("nationalinsurance", National),
    ("nie", National),
    ("nif", National),
    ("nik", National),
    ("nino", National),
    ("nric", National),
    ("passport", Passport),
    ("passeport", Passport),
    ("personnummer", National),
    ("pesel", National),
    ("phone", Phone),
    ("pps", National),
    ("reisepass", Passport),
    ("rrn", National),
    ("socialsecurity", National),
    ("ssn", National),
    ("steuerid", National),
    ("tckn", National),
    ("tel", Phone),
    ("telefon", Phone),
    ("telefone", Phone),
    ("telefono", Phone),
    ("telephone", Phone),
    ("tlf", Phone),
];

/// Last parts of a key that say no more than that it is one: `phoneNumber`, `email_address`.
const ENDS: &[&str] = &["address", "addr", "number", "nummer", "num", "id", "no", "nr"];

impl Identity {
    /// The kind that a query's key names, if any.
    pub(crate) fn of(key: &str) -> Option<Self> {
        let spaced = words::spaced(key);
        let mut parts: Vec<&str> = spaced.split_whitespace().collect();
        let whole = parts.concat();
        while parts.len() > 1 && parts.last().is_some_and(|last| ENDS.contains(last)) {
            parts.pop();
        }
        let last = parts.last().copied().unwrap_or("");
        let ended = ENDS.iter().filter_map(|end| last.strip_suffix(end));
        let forms = [whole.as_str(), &parts.concat(), last];
        forms.into_iter().chain(ended).find_map(named)
    }

    /// Whether a decoded value has its form.
    pub(crate) fn fits(self, value: &str) -> bool {
        let digits = value.bytes().filter(u8::is_ascii_digit).count();
        let only = |marks: &str, letters: bool| {
            value
                .chars()
                .all(|c| c.is_ascii_digit() || marks.contains(c) || (letters && c.is_ascii_alphabetic()))
        };
        match self {
            EMail => form(value) == Form::EMail,
            Phone => (7..=15).contains(&digits) && only("+-(). ", false),
            National | Passport => digits >= 5 && value.len() <= 24 && only("-./ ", true),
        }
    }

    /// The namespace of people named so: one for all ways to write the key.
    pub(crate) fn namespace(self) -> &'static str {
        match self {
            EMail => "e_mail",
            National => "national_id",
            Passport => "passport",
            Phone => "phone",
        }
    }
}

fn named(word: &str) -> Option<Identity> {
    WORDS.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind)
}

/// The kind by which a template's query names people; none on pages that show nobody's data whoever is named.
pub(crate) fn of_template(template: &str) -> Option<Identity> {
    let (path, key) = template.split_once('?')?;
    let silent = path.split('/').any(|segment| words::no_data(segment) && segment != "search");
    Identity::of(key).filter(|_| !silent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_known_in_the_forms_that_sites_write() {
        for key in
            ["phone", "phoneNumber", "phone_no", "tel", "user_phone", "MSISDN", "telefonnummer", "mobileno"]
        {
            assert_eq!(Identity::of(key), Some(Phone), "{key}");
        }
        for key in ["email", "e-mail", "emailAddress", "user_email", "mail"] {
            assert_eq!(Identity::of(key), Some(EMail), "{key}");
        }
        for key in ["ssn", "national_id", "nationalId", "rrn", "cpf"] {
            assert_eq!(Identity::of(key), Some(National), "{key}");
        }
        for key in ["id", "q", "color", "hotel", "address", "mobile_app", "page", ""] {
            assert_eq!(Identity::of(key), None, "{key}");
        }
    }

    #[test]
    fn a_value_of_another_form_names_nobody() {
        assert!(Phone.fits("0101234567") && Phone.fits("+82 10-1234-5678"));
        assert!(!Phone.fits("1") && !Phone.fits("iphone-15") && !Phone.fits("true"));
        assert!(EMail.fits("ann@example.org") && !EMail.fits("1"));
        assert!(National.fits("900101-1234567") && !National.fits("yes"));
    }

    #[test]
    fn a_page_that_shows_nobodys_data_names_nobody() {
        assert_eq!(of_template("/lookup?phone"), Some(Phone));
        assert_eq!(of_template("/search?phone"), Some(Phone));
        assert_eq!(of_template("/newsletter/unsubscribe?email"), None);
        assert_eq!(of_template("/login?email"), None);
        assert_eq!(of_template("/phones/{id}"), None);
    }
}
