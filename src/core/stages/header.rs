//! The second stage: the parts enter, a header leaves whose algorithm the caller allows (RFC 7515 §4, RFC 8725 §3.1).

use alloc::{borrow::ToOwned, string::String, sync::Arc, vec::Vec};
use core::sync::atomic::{AtomicU32, Ordering};

use jotgate_crypto::Algorithm;

use crate::{
    json::document::{Document, Json, Names, Object},
    policy::Policy,
    refusal::{Part, Refusal, shortened},
    stages::token::Parts,
    text::base64url,
};

/// A protected header that was understood. `jwk`, `jku`, `x5c` and `x5u` are not looked at: a token never names its
/// own key.
#[derive(Clone, Debug)]
pub struct Header {
    parameters: Arc<Parameters>,
    algorithm: Algorithm,
    number: u32,
}

/// What a header says, whatever a policy thinks of it.
#[derive(Debug)]
struct Parameters {
    text: String,
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
}

/// Headers that were read before: an issuer writes few, and each of its tokens brings one of them.
#[derive(Debug)]
pub struct Headers {
    /// Each at the place that its last letters give it.
    places: Vec<Option<Known>>,
}

/// How many were ever kept, in any memory: whoever remembers a header by its number may have been told it by one that is gone.
static KEPT: AtomicU32 = AtomicU32::new(0);

/// A header that was read before.
#[derive(Debug)]
struct Known {
    encoded: Vec<u8>,
    parameters: Arc<Parameters>,
    number: u32,
}

impl Headers {
    /// How many are remembered, and how long one may be, in letters.
    const PLACES: usize = 32;
    const LONGEST: usize = 512;

    /// None yet.
    pub(crate) const fn new() -> Self {
        Self { places: Vec::new() }
    }

    fn place(encoded: &[u8]) -> usize {
        let letters = encoded.iter().rev().take(8);
        letters.fold(encoded.len(), |hash, letter| hash.wrapping_mul(31) ^ usize::from(*letter))
            % Self::PLACES
    }

    fn find(&self, encoded: &[u8]) -> Option<&Known> {
        self.places.get(Self::place(encoded))?.as_ref().filter(|known| known.encoded == encoded)
    }

    /// The number that it is kept under; 0 if it is not.
    fn keep(&mut self, encoded: &[u8], parameters: &Arc<Parameters>) -> u32 {
        if encoded.len() > Self::LONGEST {
            return 0;
        }
        let Ok(kept) = KEPT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |kept| kept.checked_add(1))
        else {
            return 0;
        };
        let number = kept + 1;
        self.places.resize_with(Self::PLACES, || None);
        if let Some(place) = self.places.get_mut(Self::place(encoded)) {
            *place = Some(Known { encoded: encoded.to_vec(), parameters: Arc::clone(parameters), number });
        }
        number
    }
}

impl Header {
    /// Decodes the header and holds it to the policy's algorithms and extensions. What was decoded is kept in `known` and
    /// found there the next time; the policy is asked each time.
    ///
    /// # Errors
    /// [`Refusal::Base64url`], [`Refusal::HeaderJson`], [`Refusal::HeaderParameter`], one of the refusals of `alg`,
    /// [`Refusal::CritMalformed`], [`Refusal::CritNotUnderstood`], or [`Refusal::PayloadUnencoded`].
    pub fn read(parts: &Parts<'_>, policy: &Policy, known: &mut Headers) -> Result<Self, Refusal> {
        if let Some(Known { parameters, number, .. }) = known.find(parts.header) {
            let algorithm = policy.admit_algorithm(&parameters.alg)?;
            return Ok(Self { parameters: Arc::clone(parameters), algorithm, number: *number });
        }
        let text = text(parts)?;
        let document = Document::read(text.as_bytes(), Names::Unique).map_err(Refusal::HeaderJson)?;
        let header = document.object();
        let alg = declared_algorithm(header)?.to_owned();
        let kid = optional_text(header, "kid")?.map(ToOwned::to_owned);
        let typ = optional_text(header, "typ")?.map(ToOwned::to_owned);
        check_critical(header, &policy.understood)?;
        let algorithm = policy.admit_algorithm(&alg)?;
        // What `crit` asks for is a question to each policy.
        let lasts = header.get("crit").is_none();
        let parameters = Arc::new(Parameters { text, alg, kid, typ });
        let number = if lasts { known.keep(parts.header, &parameters) } else { 0 };
        Ok(Self { parameters, algorithm, number })
    }

    /// The header as JSON text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.parameters.text
    }

    /// The number that the memory of headers gave this text and no other; 0 if it gave none.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The algorithm, one that the policy allows.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key that the token names (RFC 7515 §4.1.4).
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.parameters.kid.as_deref()
    }

    /// The type that the token claims (RFC 7515 §4.1.9).
    pub(crate) fn typ(&self) -> Option<&str> {
        self.parameters.typ.as_deref()
    }
}

/// The header's text, checked to be UTF-8 but not yet read.
pub(crate) fn text(parts: &Parts<'_>) -> Result<String, Refusal> {
    let bytes = base64url::decode(parts.header).ok_or(Refusal::Base64url { part: Part::Header })?;
    String::from_utf8(bytes).map_err(|_| Refusal::HeaderJson(crate::refusal::JsonProblem::NotUtf8))
}

/// What `alg` says, told from none.
fn declared_algorithm(header: Object<'_>) -> Result<&str, Refusal> {
    let declared = match header.get("alg") {
        None => return Err(Refusal::AlgorithmMissing),
        Some(value) => match value.as_str().ok_or(Refusal::HeaderParameter { name: "alg" })? {
            // A name of no letters names nothing.
            "" => return Err(Refusal::AlgorithmMissing),
            name => name,
        },
    };
    if Algorithm::from_name(declared).is_none() && is_none(declared) {
        return Err(Refusal::AlgorithmNone);
    }
    Ok(declared)
}

/// RFC 8725 §3.2: whatever the list says, and however it is spelled.
#[cold]
#[inline(never)]
fn is_none(declared: &str) -> bool {
    declared.trim().eq_ignore_ascii_case("none")
}

fn optional_text<'h>(header: Object<'h>, name: &'static str) -> Result<Option<&'h str>, Refusal> {
    header.get(name).map(|value| value.as_str().ok_or(Refusal::HeaderParameter { name })).transpose()
}

/// RFC 7515 §4.1.11: every extension that `crit` names must be there and understood. RFC 7797 §7: a JWT's payload is
/// never unencoded, whether `crit` says so or not.
fn check_critical(header: Object<'_>, understood: &[String]) -> Result<(), Refusal> {
    if header.get("b64").is_some_and(|b64| !matches!(b64, Json::Bool(true))) {
        return Err(Refusal::PayloadUnencoded);
    }
    match header.get("crit") {
        Some(crit) => check_extensions(header, crit, understood),
        None => Ok(()),
    }
}

#[cold]
#[inline(never)]
fn check_extensions(header: Object<'_>, crit: Json<'_>, understood: &[String]) -> Result<(), Refusal> {
    let names =
        crit.as_array().filter(|names| names.items().next().is_some()).ok_or(Refusal::CritMalformed)?;
    let mut seen: Vec<&str> = Vec::new();
    for name in names.items() {
        let name = name.as_str().filter(|name| !name.is_empty()).ok_or(Refusal::CritMalformed)?;
        // `b64` may be named as critical: being `true` (checked above) it says what holds anyway. The list is walked
        // no further than what is understood, so a long one costs nothing.
        if name != "b64" && !understood.iter().any(|known| known == name) {
            return Err(Refusal::CritNotUnderstood { name: shortened(name) });
        }
        if header.get(name).is_none() || seen.contains(&name) {
            return Err(Refusal::CritMalformed);
        }
        seen.push(name);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::PolicyOptions;

    fn policy(algorithm: &str, crit: Option<Vec<String>>) -> Policy {
        let algorithms = Some(vec![algorithm.to_owned()]);
        Policy::new(PolicyOptions { algorithms, crit, ..PolicyOptions::default() }).unwrap()
    }

    fn read(header: &str, policy: &Policy, known: &mut Headers) -> Result<Header, Refusal> {
        let token = alloc::format!("{}.e30.AA", base64url::encode(header.as_bytes()));
        Header::read(&Parts::split(token.as_bytes(), 9999).unwrap(), policy, known)
    }

    #[test]
    fn a_header_that_was_read_before_is_the_same_and_bears_its_number() {
        let (policy, mut known) = (policy("ES256", None), Headers::new());
        for round in 0..2 {
            for kid in 0..200 {
                let header = alloc::format!(r#"{{"alg":"ES256","kid":"key {kid}","typ":"at+jwt"}}"#);
                let (first, second) =
                    (read(&header, &policy, &mut known), read(&header, &policy, &mut known));
                let (first, second) = (first.unwrap(), second.unwrap());
                assert_eq!((first.text(), second.text()), (&*header, &*header), "{round}");
                assert_eq!(second.kid(), Some(&*alloc::format!("key {kid}")));
                assert_eq!((second.typ(), second.algorithm()), (Some("at+jwt"), Algorithm::ES256));
                assert!(first.number() > 0 && first.number() == second.number());
            }
        }
        assert_eq!(known.places.len(), Headers::PLACES);
    }

    #[test]
    fn no_number_is_given_twice() {
        let policy = policy("ES256", None);
        let of = |known: &mut Headers, kid: u32| {
            read(&alloc::format!(r#"{{"alg":"ES256","kid":"{kid}"}}"#), &policy, known).unwrap().number()
        };
        let (mut first, mut second) = (Headers::new(), Headers::new());
        let mut numbers: Vec<u32> =
            (0..100).flat_map(|kid| [of(&mut first, kid), of(&mut second, kid)]).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 200);
    }

    #[test]
    fn every_policy_is_asked_about_a_header_that_was_read_before() {
        let mut known = Headers::new();
        let header = r#"{"alg":"ES256"}"#;
        read(header, &policy("ES256", None), &mut known).unwrap();
        let refusal = read(header, &policy("EdDSA", None), &mut known).unwrap_err();
        assert_eq!(refusal.code(), "algorithm_not_allowed");
    }

    #[test]
    fn what_is_critical_is_asked_of_every_policy() {
        let mut known = Headers::new();
        let header = r#"{"alg":"ES256","crit":["x"],"x":1}"#;
        let read = |crit, known: &mut Headers| read(header, &policy("ES256", crit), known);
        assert_eq!(read(Some(vec!["x".into()]), &mut known).unwrap().number(), 0);
        assert_eq!(read(None, &mut known).unwrap_err().code(), "crit_not_understood");
    }

    #[test]
    fn what_is_refused_or_long_is_not_kept() {
        let (policy, mut known) = (policy("ES256", None), Headers::new());
        assert!(read(r#"{"alg":"none"}"#, &policy, &mut known).is_err());
        assert!(read(r#"{"alg":"ES384"}"#, &policy, &mut known).is_err());
        let long = alloc::format!(r#"{{"alg":"ES256","kid":"{}"}}"#, "k".repeat(Headers::LONGEST));
        assert_eq!(read(&long, &policy, &mut known).unwrap().number(), 0);
        assert!(known.places.iter().all(Option::is_none));
    }
}
