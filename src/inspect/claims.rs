//! Claims and header parameters with their exact JSON text, their meaning and their times.

use crate::{
    json::{self, Members},
    meanings::{self, Meaning},
    report::ClaimReport,
    times,
};

/// How deep objects are shown member by member.
const MAXIMUM_DEPTH: usize = 6;
/// The claims that are times.
const TIMES: [&str; 8] =
    ["exp", "nbf", "iat", "auth_time", "updated_at", "xms_tcdt", "expires_at", "event_time"];

/// What every claim is rendered with.
#[derive(Clone, Copy)]
pub(crate) struct Context<'c> {
    pub(crate) now: f64,
    pub(crate) local: &'c dyn Fn(f64) -> Option<String>,
}

/// What an object is: it decides what its members mean.
#[derive(Clone, Copy)]
pub(crate) enum Owner {
    Header,
    /// The header of an encrypted token (RFC 7516).
    EncryptedHeader,
    Claims(Option<&'static str>),
    /// Metadata or a response of an issuer. Values of credentials are replaced.
    Document,
}

impl Owner {
    fn meaning(self, path: &str) -> Option<&'static Meaning> {
        match self {
            Self::Header => meanings::parameter(path),
            Self::EncryptedHeader => meanings::encrypted_parameter(path),
            Self::Claims(provider) => meanings::claim(path, provider),
            Self::Document => meanings::member(path).or_else(|| meanings::claim(path, None)),
        }
    }
}

/// Members of documents whose values are credentials.
const CREDENTIALS: [&str; 7] = [
    "access_token",
    "id_token",
    "refresh_token",
    "client_secret",
    "device_code",
    "registration_access_token",
    "password",
];

/// The members of an object. Returns `None` for any other text.
pub(crate) fn members(text: &str, owner: Owner, context: &Context<'_>) -> Option<Vec<ClaimReport>> {
    under(text, "", owner, context, 0)
}

fn under(
    text: &str,
    path: &str,
    owner: Owner,
    context: &Context<'_>,
    depth: usize,
) -> Option<Vec<ClaimReport>> {
    let members = Members::read(text)?.0;
    let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    let report = |(name, raw): &(String, &str)| {
        let path = format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"));
        let first = names.partition_point(|other| *other < name.as_str());
        let duplicate = names.get(first + 1) == Some(&name.as_str());
        let inner = if depth < MAXIMUM_DEPTH { under(raw, &path, owner, context, depth + 1) } else { None };
        let number = json::number(raw);
        let meaning = owner.meaning(&path);
        let hidden = matches!(owner, Owner::Document) && CREDENTIALS.contains(&name.as_str());
        let is_of_token = depth == 0 && !matches!(owner, Owner::Document);
        let value_meaning = if is_of_token { meanings::value_meaning(name, raw) } else { None };
        let text_note = || meanings::text_note(name, raw).filter(|_| is_of_token);
        let time = number.filter(|_| TIMES.contains(&name.as_str()));
        ClaimReport {
            name: name.clone(),
            raw_json: if hidden { "\"…\"" } else { raw }.to_owned(),
            meaning: meaning.map(|meaning| meaning.text),
            source: meaning.map(|meaning| meaning.source),
            value_meaning,
            time: time.and_then(|value| times::time(value, context.now, context.local)),
            list: list(name, raw),
            duplicate,
            note: note(raw, number).or_else(text_note),
            members: inner,
            path,
        }
    };
    Some(members.iter().map(report).collect())
}

/// The entries of a list of scopes, permissions or roles: words in one string, or an array of strings.
fn list(name: &str, raw: &str) -> Option<Vec<String>> {
    const LISTS: [&str; 9] =
        ["scope", "scp", "scopes", "permissions", "roles", "groups", "cognito:groups", "amr", "entitlements"];
    if !LISTS.contains(&name) {
        return None;
    }
    let words = |text: String| text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
    json::strings(raw).or_else(|| json::string(raw).map(words))
}

/// What is odd about a number.
fn note(raw: &str, number: Option<f64>) -> Option<String> {
    /// The largest integer up to which JavaScript holds each one: 2^53 - 1.
    const LARGEST_SAFE: f64 = 9_007_199_254_740_991.0;
    let number = number?;
    let integer = raw.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit());
    (integer && number.abs() > LARGEST_SAFE).then(|| {
        "JavaScript cannot hold this integer: it is above 2^53 and would be rounded; use a string.".to_owned()
    })
}
