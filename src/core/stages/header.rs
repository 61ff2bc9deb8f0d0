//! The second stage: decodes the header, and checks that the policy allows its algorithm (RFC 7515 §4, RFC 8725 §3.1).

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

/// A protected header. `jwk`, `jku`, `x5c` and `x5u` are ignored, because a token must never provide its own key.
#[derive(Clone, Debug)]
pub struct Header {
    parameters: Arc<Parameters>,
    algorithm: Algorithm,
    id: u32,
}

/// The content of a header, independent of a policy.
#[derive(Debug)]
struct Parameters {
    text: String,
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
}

/// A cache of decoded headers. An issuer writes few different ones (docs/decisions/0006).
#[derive(Debug)]
pub struct Headers {
    /// Each header is at the index that is the hash of its last characters.
    slots: Vec<Option<Known>>,
}

/// The last header ID that was assigned in this process. IDs are never reused, because JavaScript caches headers by ID.
static LAST_ID: AtomicU32 = AtomicU32::new(0);

/// A cached header.
#[derive(Debug)]
struct Known {
    encoded: Vec<u8>,
    parameters: Arc<Parameters>,
    id: u32,
}

impl Headers {
    const SLOTS: usize = 32;
    /// The longest header that is cached, in encoded bytes.
    const MAX_BYTES: usize = 512;

    /// Makes an empty cache.
    pub(crate) const fn new() -> Self {
        Self { slots: Vec::new() }
    }

    fn slot(encoded: &[u8]) -> usize {
        let bytes = encoded.iter().rev().take(8);
        bytes.fold(encoded.len(), |hash, byte| hash.wrapping_mul(31) ^ usize::from(*byte)) % Self::SLOTS
    }

    fn find(&self, encoded: &[u8]) -> Option<&Known> {
        self.slots.get(Self::slot(encoded))?.as_ref().filter(|known| known.encoded == encoded)
    }

    /// Caches a header. Returns its ID, or 0 if it is not cached.
    fn keep(&mut self, encoded: &[u8], parameters: &Arc<Parameters>) -> u32 {
        if encoded.len() > Self::MAX_BYTES {
            return 0;
        }
        let Ok(last) = LAST_ID.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| last.checked_add(1))
        else {
            return 0;
        };
        let id = last + 1;
        self.slots.resize_with(Self::SLOTS, || None);
        if let Some(slot) = self.slots.get_mut(Self::slot(encoded)) {
            *slot = Some(Known { encoded: encoded.to_vec(), parameters: Arc::clone(parameters), id });
        }
        id
    }
}

impl Header {
    /// Decodes the header, and checks its algorithm and extensions. `known` caches decoded headers. The policy is applied each time.
    ///
    /// # Errors
    /// [`Refusal::Base64url`], [`Refusal::HeaderJson`], [`Refusal::HeaderParameter`], one of the refusals of `alg`,
    /// [`Refusal::CritMalformed`], [`Refusal::CritNotUnderstood`], or [`Refusal::PayloadUnencoded`].
    pub fn read(parts: &Parts<'_>, policy: &Policy, known: &mut Headers) -> Result<Self, Refusal> {
        if let Some(Known { parameters, id, .. }) = known.find(parts.header) {
            let algorithm = policy.admit_algorithm(&parameters.alg)?;
            return Ok(Self { parameters: Arc::clone(parameters), algorithm, id: *id });
        }
        let text = text(parts)?;
        let document = Document::read(text.as_bytes(), Names::Unique).map_err(Refusal::HeaderJson)?;
        let header = document.object();
        let alg = declared_algorithm(header)?.to_owned();
        let kid = optional_text(header, "kid")?.map(ToOwned::to_owned);
        let typ = optional_text(header, "typ")?.map(ToOwned::to_owned);
        check_critical(header, &policy.understood)?;
        let algorithm = policy.admit_algorithm(&alg)?;
        // Whether `crit` is understood depends on the policy, so such a header is not cached.
        let is_lasting = header.get("crit").is_none();
        let parameters = Arc::new(Parameters { text, alg, kid, typ });
        let id = if is_lasting { known.keep(parts.header, &parameters) } else { 0 };
        Ok(Self { parameters, algorithm, id })
    }

    /// Returns the header as JSON text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.parameters.text
    }

    /// Returns the ID of this text among cached headers, or 0 if it is not cached.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Returns the algorithm. The policy allows it.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Returns the identifier of the key, `kid` (RFC 7515 §4.1.4).
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.parameters.kid.as_deref()
    }

    /// Returns the type, `typ` (RFC 7515 §4.1.9).
    pub(crate) fn typ(&self) -> Option<&str> {
        self.parameters.typ.as_deref()
    }
}

/// Decodes the header to text. Checks that it is UTF-8, but does not parse it.
pub(crate) fn text(parts: &Parts<'_>) -> Result<String, Refusal> {
    let bytes = base64url::decode(parts.header).ok_or(Refusal::Base64url { part: Part::Header })?;
    String::from_utf8(bytes).map_err(|_| Refusal::HeaderJson(crate::refusal::JsonProblem::NotUtf8))
}

/// Returns the value of `alg`, unless it is `none`.
fn declared_algorithm(header: Object<'_>) -> Result<&str, Refusal> {
    let declared = match header.get("alg") {
        None => return Err(Refusal::AlgorithmMissing),
        Some(value) => match value.as_str().ok_or(Refusal::HeaderParameter { name: "alg" })? {
            "" => return Err(Refusal::AlgorithmMissing),
            name => name,
        },
    };
    if Algorithm::from_name(declared).is_none() && is_none(declared) {
        return Err(Refusal::AlgorithmNone);
    }
    Ok(declared)
}

/// Whether `alg` is `none`, in any spelling. It is refused whatever the policy allows (RFC 8725 §3.2).
#[cold]
#[inline(never)]
fn is_none(declared: &str) -> bool {
    declared.trim().eq_ignore_ascii_case("none")
}

fn optional_text<'h>(header: Object<'h>, name: &'static str) -> Result<Option<&'h str>, Refusal> {
    header.get(name).map(|value| value.as_str().ok_or(Refusal::HeaderParameter { name })).transpose()
}

/// Checks the extensions. Every one that `crit` names must be present and understood (RFC 7515 §4.1.11). `b64: false` is refused with or
/// without `crit`, because a JWT's payload is always encoded (RFC 7797 §7).
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
        // `b64` may be critical: it is `true` (checked above), which is the default. The loop ends at the first name that is not
        // understood, so a long list costs nothing.
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
    fn a_header_that_was_read_before_is_the_same_and_has_its_id() {
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
                assert!(first.id() > 0 && first.id() == second.id());
            }
        }
        assert_eq!(known.slots.len(), Headers::SLOTS);
    }

    #[test]
    fn no_number_is_given_twice() {
        let policy = policy("ES256", None);
        let of = |known: &mut Headers, kid: u32| {
            read(&alloc::format!(r#"{{"alg":"ES256","kid":"{kid}"}}"#), &policy, known).unwrap().id()
        };
        let (mut first, mut second) = (Headers::new(), Headers::new());
        let mut ids: Vec<u32> =
            (0..100).flat_map(|kid| [of(&mut first, kid), of(&mut second, kid)]).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 200);
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
        assert_eq!(read(Some(vec!["x".into()]), &mut known).unwrap().id(), 0);
        assert_eq!(read(None, &mut known).unwrap_err().code(), "crit_not_understood");
    }

    #[test]
    fn what_is_refused_or_long_is_not_kept() {
        let (policy, mut known) = (policy("ES256", None), Headers::new());
        assert!(read(r#"{"alg":"none"}"#, &policy, &mut known).is_err());
        assert!(read(r#"{"alg":"ES384"}"#, &policy, &mut known).is_err());
        let long = alloc::format!(r#"{{"alg":"ES256","kid":"{}"}}"#, "k".repeat(Headers::MAX_BYTES));
        assert_eq!(read(&long, &policy, &mut known).unwrap().id(), 0);
        assert!(known.slots.iter().all(Option::is_none));
    }
}
