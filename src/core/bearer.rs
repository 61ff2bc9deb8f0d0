//! The header fields of OAuth 2.0 bearer tokens (RFC 6750): reads `Authorization`, and writes `WWW-Authenticate`. Pure, as the rest
//! of the crate: the caller has the request and sends the response.
//!
//! The rules and the codes are those of the npm package's gate. In short, for a request with the fields `authorization`:
//!
//! ```
//! use jotgate_core::{Key, Keys, Needs, Policy, bearer, verify};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (key, policy) = (Key::from_secret(&[7; 32])?, Policy::builder().build()?);
//! # let (authorization, now) = (Some(&b"Bearer a.b.c"[..]), 0.0);
//! let needs = Needs::builder().scope("items:read").build()?;
//! let checked = bearer::token(authorization)
//!     .and_then(|token| Ok(verify(token, Keys::One(&key), &policy, &needs, now)?));
//! if let Err(denial) = checked {
//!     assert_eq!(denial.status(), 401);
//!     let challenge = denial.challenge("api", &needs).unwrap_or_default();
//!     assert!(challenge.starts_with(r#"Bearer realm="api", error="invalid_token", scope="items:read""#));
//! }
//! # Ok(())
//! # }
//! ```

use alloc::{format, string::String, vec::Vec};
use core::fmt;

use crate::{
    policy::needs::Needs,
    refusal::{Class, Reason, Refusal},
    verifier::Refused,
};

/// Why a request does not get what it asks for.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Denial {
    /// The request has no bearer token: 401, without an error code (RFC 6750 §3.1).
    Absent,
    /// The request has the scheme `DPoP` (RFC 9449 §7.1), which is not checked here: 401, without an error code.
    Unsupported,
    /// The header has the scheme and no token: 400.
    Missing,
    /// What follows the scheme is not one token: 400.
    Malformed,
    /// There is more than one header, or one with a list: 400.
    Repeated,
    /// The token was refused: 403 if it lacks scopes, permissions or roles, else 401.
    Refused(Refusal),
}

/// Returns the bearer token of a request (RFC 6750 §2.1). `fields` are the values of its `Authorization` headers. The scheme ignores
/// case (RFC 9110 §11.1); another scheme counts as no token.
///
/// # Errors
/// [`Denial::Absent`], [`Denial::Missing`], [`Denial::Malformed`] or [`Denial::Repeated`].
pub fn token<'f>(fields: impl IntoIterator<Item = &'f [u8]>) -> Result<&'f [u8], Denial> {
    let mut found = Err(Denial::Absent);
    for (index, field) in fields.into_iter().enumerate() {
        let one = token_of(field.trim_ascii());
        // RFC 9110 §11.6.2: the field is not a list.
        if index > 0 && !(found == Err(Denial::Absent) && one == Err(Denial::Absent)) {
            return Err(Denial::Repeated);
        }
        found = one;
    }
    found
}

/// The token of one field without white space around it.
fn token_of(field: &[u8]) -> Result<&[u8], Denial> {
    let end = |bytes: &[u8]| {
        bytes.iter().position(|byte| matches!(byte, b' ' | b'\t' | b',')).unwrap_or(bytes.len())
    };
    let (scheme, rest) = field.split_at_checked(end(field)).unwrap_or((field, b""));
    let is_known =
        |word: &[u8]| [&b"bearer"[..], b"dpop"].iter().any(|known| word.eq_ignore_ascii_case(known));
    if !is_known(scheme) {
        // Intermediaries join repeated fields by commas.
        let mut further = field.split(|byte| *byte == b',').skip(1).map(<[u8]>::trim_ascii_start);
        let is_repeated = further.any(|part| part.get(..end(part)).is_some_and(is_known));
        return Err(if is_repeated { Denial::Repeated } else { Denial::Absent });
    }
    if rest.contains(&b',') {
        return Err(Denial::Repeated);
    }
    if scheme.eq_ignore_ascii_case(b"dpop") {
        return Err(Denial::Unsupported);
    }
    let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
    match rest.get(spaces..) {
        None | Some([]) => Err(Denial::Missing),
        // Only spaces separate the scheme from the token.
        Some(token) if spaces > 0 && !token.iter().any(|byte| matches!(byte, b'\t'..=b'\r' | b' ')) => {
            Ok(token)
        }
        Some(_) => Err(Denial::Malformed),
    }
}

impl Denial {
    /// The status of the response. 500 if the program's own option is invalid ([`Refusal::Option`]).
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Absent | Self::Unsupported => 401,
            Self::Missing | Self::Malformed | Self::Repeated => 400,
            Self::Refused(refusal) => match refusal.class() {
                Class::InsufficientScope => 403,
                Class::Option => 500,
                _ => 401,
            },
        }
    }

    /// The stable code, for logs and for programs to compare: one of `docs/refusals.md`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Absent => "credentials_absent",
            Self::Unsupported => "scheme_not_supported",
            Self::Missing => "credentials_missing",
            Self::Malformed => "credentials_malformed",
            Self::Repeated => "credentials_repeated",
            Self::Refused(refusal) => refusal.code(),
        }
    }

    /// The error code of the challenge (RFC 6750 §3.1); `None` if the request has no token.
    #[must_use]
    pub const fn error(&self) -> Option<&'static str> {
        match self.status() {
            400 => Some("invalid_request"),
            403 => Some("insufficient_scope"),
            401 if !matches!(self, Self::Absent | Self::Unsupported) => Some("invalid_token"),
            _ => None,
        }
    }

    /// Describes the denial to the client: which check failed, but not what would pass it. The refusal's own message contains both
    /// values, and is for logs.
    #[must_use]
    pub fn description(&self) -> String {
        match self {
            Self::Absent => "a bearer token is needed".into(),
            Self::Unsupported => "the scheme DPoP is not supported".into(),
            Self::Missing => "no token follows the scheme".into(),
            Self::Malformed => "the credentials are not one token".into(),
            Self::Repeated => "the Authorization header is there more than once".into(),
            Self::Refused(refusal) => describe(refusal),
        }
    }

    /// The value of `WWW-Authenticate` (RFC 6750 §3), in printable ASCII, with the scopes of `needs` if they would help. Returns
    /// `None` if a token would not help.
    #[must_use]
    pub fn challenge(&self, realm: &str, needs: &Needs) -> Option<String> {
        if self.status() == 500 {
            return None;
        }
        let mut challenge = format!("Bearer realm=\"{}\"", quotable(&plain(realm)));
        let mut add =
            |name: &str, value: &str| challenge.push_str(&format!(", {name}=\"{}\"", quotable(value)));
        if let Some(error) = self.error() {
            add("error", error);
        }
        // Another scope is no help to a token that lacks a permission or a role.
        let is_curable =
            self.status() != 403 || matches!(self, Self::Refused(Refusal::InsufficientScope { .. }));
        let scope = needs.scope_to_ask_for();
        if is_curable && !scope.is_empty() {
            add("scope", &scope);
        }
        if self.error().is_some() {
            add("error_description", &plain(&self.description()));
        }
        Some(challenge)
    }
}

/// Replaces the characters that could end a client's search for a parameter.
fn plain(text: &str) -> String {
    text.replace('"', "'").replace(['\\', '='], "?")
}

/// Replaces what cannot be in a quoted string (RFC 9110 §5.6.4), so that no value can end the string or the header.
fn quotable(value: &str) -> String {
    let fits = |character: char| matches!(character, ' '..='~') && character != '"' && character != '\\';
    value.chars().map(|character| if fits(character) { character } else { '?' }).collect()
}

fn describe(refusal: &Refusal) -> String {
    let text = match (refusal.class(), refusal) {
        (Class::JwtExpired, Refusal::TooOld { .. }) => "the token is too old",
        (Class::JwtExpired, _) => "the token has expired",
        (_, Refusal::NotYetValid { .. }) => "the token is not valid yet",
        (Class::ClaimValidationFailed, _) => {
            let (claim, reason) = refusal.claim().unwrap_or(("claims", Reason::CheckFailed));
            let problem = if reason == Reason::Missing { "is missing" } else { "is not accepted" };
            return format!("the token's {claim} {problem}");
        }
        (_, Refusal::TooManyCandidates) => "too many keys of the issuer fit the token",
        (Class::SignatureVerificationFailed, _) => "the signature does not match",
        (Class::AlgorithmNotAllowed, _) => "the algorithm is not accepted",
        (Class::NoMatchingKey, _) => "no key of the issuer matches the token",
        (Class::NotSupported, _) => "the token asks for something that is not supported",
        (_, Refusal::InsufficientScope { .. }) => "the token lacks scopes",
        (_, Refusal::InsufficientPermissions) => "the token lacks permissions",
        (_, Refusal::InsufficientRoles) => "the token lacks roles",
        (Class::Option, _) => "the server is misconfigured",
        _ => "the token is malformed",
    };
    text.into()
}

impl Needs {
    /// The scopes to ask for: all that are needed, and the first of those of which one suffices.
    fn scope_to_ask_for(&self) -> String {
        let mut scopes: Vec<&str> = Vec::new();
        for scope in self.scope.all.iter().chain(self.scope.any.first()) {
            if !scopes.contains(&scope.as_str()) {
                scopes.push(scope);
            }
        }
        scopes.join(" ")
    }
}

impl From<Refused> for Denial {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused.refusal)
    }
}

impl From<Refusal> for Denial {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// The message for logs; [`Denial::description`] is for the client.
impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            other => f.write_str(&other.description()),
        }
    }
}

impl core::error::Error for Denial {}

#[cfg(test)]
mod tests;
