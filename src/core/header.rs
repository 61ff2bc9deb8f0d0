//! The second stage: the parts enter, a header leaves whose algorithm the caller allows (RFC 7515 §4, RFC 8725 §3.1).

use alloc::{borrow::ToOwned, string::String, sync::Arc, vec::Vec};

use jotgate_crypto::Algorithm;

use crate::{
    base64url,
    json::{Document, Json, Names, Object},
    policy::Policy,
    refusal::{Part, Refusal, shortened},
    token::Parts,
};

/// A protected header that was understood. `jwk`, `jku`, `x5c` and `x5u` are not looked at: a token never names its
/// own key.
#[derive(Clone, Debug)]
pub struct Header {
    parameters: Arc<Parameters>,
    algorithm: Algorithm,
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
#[derive(Debug, Default)]
pub struct Headers {
    /// The encoded text and what it says, each at the place that its last letters give it.
    places: Vec<Option<(Vec<u8>, Arc<Parameters>)>>,
}

impl Headers {
    /// How many are remembered, and how long one may be, in letters.
    const PLACES: usize = 32;
    const LONGEST: usize = 512;

    fn place(encoded: &[u8]) -> usize {
        let letters = encoded.iter().rev().take(8);
        letters.fold(encoded.len(), |hash, letter| hash.wrapping_mul(31) ^ usize::from(*letter))
            % Self::PLACES
    }

    fn find(&self, encoded: &[u8]) -> Option<&Arc<Parameters>> {
        let (known, parameters) = self.places.get(Self::place(encoded))?.as_ref()?;
        (known == encoded).then_some(parameters)
    }

    fn keep(&mut self, encoded: &[u8], parameters: &Arc<Parameters>) {
        if encoded.len() > Self::LONGEST {
            return;
        }
        self.places.resize_with(Self::PLACES, || None);
        if let Some(place) = self.places.get_mut(Self::place(encoded)) {
            *place = Some((encoded.to_vec(), Arc::clone(parameters)));
        }
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
        if let Some(parameters) = known.find(parts.header) {
            let algorithm = policy.admit_algorithm(&parameters.alg)?;
            return Ok(Self { parameters: Arc::clone(parameters), algorithm });
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
        if lasts {
            known.keep(parts.header, &parameters);
        }
        Ok(Self { parameters, algorithm })
    }

    /// The header as JSON text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.parameters.text
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
    if declared.trim().eq_ignore_ascii_case("none") {
        // RFC 8725 §3.2: whatever the list says, and however it is spelled.
        return Err(Refusal::AlgorithmNone);
    }
    Ok(declared)
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
    let Some(crit) = header.get("crit") else { return Ok(()) };
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
