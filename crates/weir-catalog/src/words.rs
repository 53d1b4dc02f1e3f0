//! The words that people use in paths for people, for what belongs to them, and for kinds of data. English, lower case, singular.
//!
//! Decisive choice: lists, not a model, so that a reviewer can read why a route was taken for personal data. They only propose: every
//! proposal says it rests on a word.

use std::borrow::Cow;

/// Words for a person: an id after one of them names somebody.
const PEOPLE: &[&str] = &[
    "abonne",
    "abonnent",
    "account",
    "applicant",
    "assure",
    "beneficiary",
    "benutzer",
    "buyer",
    "candidate",
    "citizen",
    "client",
    "cliente",
    "contact",
    "cust",
    "customer",
    "donor",
    "driver",
    "employee",
    "friend",
    "gebruiker",
    "guest",
    "hoewon",
    "individual",
    "insured",
    "kd",
    "klant",
    "klient",
    "kund",
    "kunde",
    "kunden",
    "medlem",
    "member",
    "mitglied",
    "mitglieder",
    "mrn",
    "nutzer",
    "owner",
    "paciente",
    "pasien",
    "passenger",
    "patient",
    "payee",
    "person",
    "persona",
    "personne",
    "policyholder",
    "profile",
    "recipient",
    "resident",
    "shopper",
    "socio",
    "staff",
    "student",
    "subscriber",
    "teacher",
    "uid",
    "user",
    "username",
    "usuario",
    "utente",
    "utilisateur",
    "voter",
    "worker",
];

/// Words for things that belong to, or are used by, people: an id after one of them names no person.
const OBJECTS: &[&str] = &[
    "ad",
    "album",
    "answer",
    "article",
    "asset",
    "basket",
    "blog",
    "book",
    "booking",
    "build",
    "cart",
    "case",
    "catalog",
    "category",
    "claim",
    "collection",
    "comment",
    "commit",
    "coupon",
    "course",
    "deal",
    "delivery",
    "device",
    "document",
    "download",
    "entry",
    "event",
    "export",
    "file",
    "film",
    "game",
    "image",
    "invoice",
    "issue",
    "item",
    "job",
    "key",
    "listing",
    "media",
    "message",
    "movie",
    "news",
    "object",
    "offer",
    "order",
    "page",
    "parcel",
    "payment",
    "photo",
    "place",
    "post",
    "product",
    "project",
    "purchase",
    "question",
    "receipt",
    "release",
    "report",
    "request",
    "reservation",
    "resource",
    "review",
    "search",
    "session",
    "shipment",
    "sku",
    "song",
    "story",
    "subscription",
    "tag",
    "task",
    "thread",
    "ticket",
    "token",
    "topic",
    "track",
    "transaction",
    "upload",
    "version",
    "video",
    "wishlist",
];

/// Words for things of which each is one person's.
const OF_ONE: &[&str] = &[
    "basket",
    "booking",
    "cart",
    "claim",
    "delivery",
    "invoice",
    "order",
    "parcel",
    "payment",
    "purchase",
    "receipt",
    "reservation",
    "shipment",
    "subscription",
    "transaction",
];

/// Words for pages that answer what they are asked, whoever it is of.
const ASKED: &[&str] = &["dump", "export", "gql", "graphql", "jsonrpc", "rpc", "soap"];

/// Words for groups of people.
const GROUPS: &[&str] = &[
    "branch",
    "channel",
    "class",
    "company",
    "department",
    "group",
    "org",
    "organisation",
    "organization",
    "room",
    "school",
    "shop",
    "site",
    "store",
    "team",
    "tenant",
    "workspace",
];

/// First words of pages that show the holder of the credential used.
const HOLDER: &[&str] =
    &["account", "me", "my", "my-account", "my_account", "myaccount", "mypage", "profile", "self", "whoami"];

/// Pages about signing in and out, about mail to people, and services of the site: they show nobody's data.
const NO_DATA: &[&str] = &[
    "activate",
    "confirm",
    "csrf",
    "error",
    "forgot",
    "health",
    "login",
    "logout",
    "newsletter",
    "oauth",
    "opt-out",
    "optout",
    "password",
    "ping",
    "register",
    "reset",
    "robots.txt",
    "search",
    "signin",
    "signout",
    "signup",
    "static",
    "subscribe",
    "unsubscribe",
    "verify",
];

/// Words that name a page rather than a thing, wherever they stand.
const STRUCTURE: &[&str] = &[
    "admin",
    "all",
    "api",
    "app",
    "assets",
    "auth",
    "bulk",
    "count",
    "create",
    "delete",
    "detail",
    "details",
    "edit",
    "export",
    "home",
    "index",
    "index.html",
    "index.php",
    "internal",
    "latest",
    "list",
    "new",
    "private",
    "public",
    "rest",
    "service",
    "settings",
    "status",
    "summary",
    "update",
    "v1",
    "v2",
    "v3",
    "v4",
    "web",
];

/// Words to categories of data.
const CATEGORIES: &[(&str, &[&str])] = &[
    ("account", &["name", "e_mail"]),
    ("address", &["postal_address"]),
    ("bank", &["bank_account"]),
    ("billing", &["payment"]),
    ("birthday", &["birth_date"]),
    ("booking", &["order_history"]),
    ("card", &["payment"]),
    ("contact", &["name", "e_mail", "phone"]),
    ("credential", &["credential"]),
    ("delivery", &["postal_address"]),
    ("diagnosis", &["health"]),
    ("e_mail", &["e_mail"]),
    ("email", &["e_mail"]),
    ("employee", &["name", "employment"]),
    ("family", &["family"]),
    ("health", &["health"]),
    ("iban", &["bank_account"]),
    ("invoice", &["order_history", "payment"]),
    ("location", &["location"]),
    ("login-history", &["sign_in_history"]),
    ("mail", &["e_mail"]),
    ("medical", &["health"]),
    ("message", &["correspondence"]),
    ("mobile", &["phone"]),
    ("order", &["order_history"]),
    ("passport", &["identity_document"]),
    ("patient", &["name", "health"]),
    ("payment", &["payment"]),
    ("payroll", &["employment", "bank_account"]),
    ("phone", &["phone"]),
    ("photo", &["photo"]),
    ("prescription", &["health"]),
    ("profile", &["name", "e_mail"]),
    ("purchase", &["order_history"]),
    ("reservation", &["order_history"]),
    ("salary", &["employment"]),
    ("shipping", &["postal_address"]),
    ("ssn", &["national_id"]),
    ("tel", &["phone"]),
    ("transaction", &["payment"]),
    ("wallet", &["payment"]),
    ("wishlist", &["order_history"]),
];

/// The category of data whose kind no word tells.
pub(crate) const UNSPECIFIED: &str = "unspecified";

/// What a word stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Noun {
    /// A person.
    Person,
    /// A thing.
    Object,
    /// A group of people.
    Group,
    /// Not in the lists.
    Unknown,
}

/// What a noun (see [`noun_of`]) stands for.
pub(crate) fn meaning(noun: &str) -> Noun {
    let among = |list: &[&str]| list.binary_search(&noun).is_ok();
    // `userid`, `custno`, `kundennummer`: written in one word.
    let numbered = ["id", "no", "nr", "num", "number", "nummer"];
    let person = |stem: &str| PEOPLE.binary_search(&stem).is_ok();
    match () {
        () if among(PEOPLE) || numbered.iter().any(|end| noun.strip_suffix(end).is_some_and(person)) => {
            Noun::Person
        }
        () if among(OBJECTS) => Noun::Object,
        () if among(GROUPS) => Noun::Group,
        () => Noun::Unknown,
    }
}

/// Whether a thing that a noun stands for is one person's.
pub(crate) fn is_of_one(noun: &str) -> bool {
    OF_ONE.binary_search(&noun).is_ok()
}

/// Whether a thing that a noun stands for may be everybody's to see.
pub(crate) fn is_anybodys(noun: &str) -> bool {
    meaning(noun) == Noun::Object && !is_of_one(noun)
}

/// Whether answers of a route may show any number of people, whom its records need not name: it is a list of people (`/customers`), or answers what
/// it is asked (`/graphql`, `/admin/export.csv`).
pub fn may_show_anybody(route: &str) -> bool {
    let word = |segment: &str| lowered(segment.split('.').next().unwrap_or(segment)).into_owned();
    let mut words =
        route.split('/').filter(|segment| !segment.is_empty() && !segment.starts_with('{')).map(word);
    let asked = words.clone().any(|word| ASKED.binary_search(&noun_of(&word).as_ref()).is_ok());
    let people = |last: String| last.ends_with('s') && meaning(&noun_of(&last)) == Noun::Person;
    asked || (!route.ends_with('}') && words.next_back().is_some_and(people))
}

/// Whether a literal opens pages that show the holder of the credential.
pub(crate) fn shows_holder(literal: &str) -> bool {
    HOLDER.binary_search(&lowered(literal).as_ref()).is_ok()
}

/// Whether a literal names a page without anybody's data.
pub(crate) fn no_data(literal: &str) -> bool {
    NO_DATA.binary_search(&lowered(literal).as_ref()).is_ok()
}

/// Whether a literal is a word that sites are built with: it stays a literal even where most of its siblings are values.
pub(crate) fn known(literal: &str) -> bool {
    let lower = lowered(literal);
    let listed = |list: &[&str]| list.binary_search(&lower.as_ref()).is_ok();
    if listed(STRUCTURE) || listed(NO_DATA) || listed(HOLDER) {
        return true;
    }
    let noun = noun_of(&lower);
    let plural = lower.ends_with('s') && lower.len() > 3 && meaning(&noun) != Noun::Unknown;
    plural || !categories(&lower, &noun).is_empty()
}

/// Whether a literal speaks of people, of the holder of a credential, or of what belongs to somebody.
pub(crate) fn is_personal(literal: &str) -> bool {
    let noun = noun_of(literal);
    meaning(&noun) == Noun::Person
        || shows_holder(literal)
        || !categories(&lowered(literal), &noun).is_empty()
}

/// Categories of data that a literal of a route speaks of; empty when it speaks of none.
pub(crate) fn categories_of(literal: &str) -> &'static [&'static str] {
    categories(&lowered(literal), &noun_of(literal))
}

/// The same of a literal in lower case and its noun.
fn categories(lower: &str, noun: &str) -> &'static [&'static str] {
    let find = |word: &str| {
        CATEGORIES.binary_search_by(|(w, _)| (*w).cmp(word)).ok().and_then(|i| CATEGORIES.get(i))
    };
    find(lower).or_else(|| find(noun)).map_or(&[], |(_, categories)| categories)
}

/// A literal in lower case, as far as it is of ASCII.
fn lowered(literal: &str) -> Cow<'_, str> {
    if literal.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(literal.to_ascii_lowercase())
    } else {
        Cow::Borrowed(literal)
    }
}

/// The noun of a literal or parameter name, singular: `members`, `memberId`, `member_id`, `shop-members` all give `member`. Empty when
/// nothing but "id" is there.
pub(crate) fn noun_of(literal: &str) -> Cow<'_, str> {
    let counts = |word: &&str| !matches!(*word, "id" | "ids" | "no" | "num" | "number" | "uuid" | "code");
    // What most literals are: one word, and written small.
    if literal.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) {
        return Some(literal).filter(counts).map_or(Cow::Borrowed(""), singular);
    }
    let spaced = spaced(literal);
    let noun = spaced.split_whitespace().rfind(counts);
    Cow::Owned(noun.map_or_else(String::new, |word| singular(word).into_owned()))
}

/// A literal's words in lower case, with spaces between them: `memberId` gives `member id`.
pub(crate) fn spaced(literal: &str) -> String {
    let mut spaced = String::with_capacity(literal.len() + 4);
    let mut lower_before = false;
    for c in literal.chars() {
        if c.is_uppercase() && lower_before {
            spaced.push(' ');
        }
        lower_before = c.is_lowercase();
        spaced.extend(if c.is_alphanumeric() { c.to_lowercase().next() } else { Some(' ') });
    }
    spaced
}

/// English singular, as far as path words need it.
fn singular(word: &str) -> Cow<'_, str> {
    let cut = |n: usize| word.get(..word.len() - n).unwrap_or(word);
    match word {
        "people" => "person".into(),
        "children" => "child".into(),
        "news" | "staff" | "address" | "status" | "media" => word.into(),
        "diagnoses" => "diagnosis".into(),
        w if w.len() > 4 && w.ends_with("ies") && w != "movies" => format!("{}y", cut(3)).into(),
        w if ["sses", "ches", "shes", "xes"].iter().any(|end| w.ends_with(end)) => cut(2).into(),
        w if w.len() > 3 && w.ends_with('s') && !["ss", "us", "is"].iter().any(|end| w.ends_with(end)) => {
            cut(1).into()
        }
        w => w.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_so_that_they_can_be_searched() {
        for list in [PEOPLE, OBJECTS, OF_ONE, ASKED, GROUPS, HOLDER, NO_DATA, STRUCTURE] {
            assert!(list.is_sorted_by(|a, b| a < b), "{list:?}");
        }
        assert!(OF_ONE.iter().all(|thing| meaning(thing) == Noun::Object));
        assert!(CATEGORIES.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn nouns_are_found_in_the_forms_that_sites_write() {
        for form in ["members", "member", "memberId", "member_id", "shop-members", "Members"] {
            assert_eq!(noun_of(form), "member", "{form}");
        }
        assert_eq!(noun_of("people"), "person");
        assert_eq!(noun_of("addresses"), "address");
        assert_eq!(noun_of("id"), "");
        assert_eq!(meaning(&noun_of("companies")), Noun::Group);
        assert_eq!(meaning(&noun_of("movies")), Noun::Object);
        assert_eq!(meaning(&noun_of("bluebirds")), Noun::Unknown);
        assert_eq!(categories_of("addresses"), ["postal_address"]);
        assert!(known("login") && known("orders") && !known("alice"));
    }

    #[test]
    fn lists_of_people_and_pages_that_answer_anything_are_told_from_others() {
        for route in [
            "/graphql",
            "/api/v2/graphql",
            "/admin/export.csv",
            "/exports/{id}",
            "/customers",
            "/api/users",
            "/members.json",
        ] {
            assert!(may_show_anybody(route), "{route}");
        }
        for route in
            ["/", "/account", "/users/{id}", "/users/login", "/products", "/orders/{id}", "/business", ""]
        {
            assert!(!may_show_anybody(route), "{route}");
        }
    }
}
