//! The checked rules for every token.

pub(crate) mod builder;
pub(crate) mod needs;
pub(crate) mod options;

use alloc::{borrow::ToOwned, string::String, vec::Vec};

use jotgate_crypto::Algorithm;

use crate::{
    limits::{DEFAULT_MAXIMUM_TOKEN_BYTES, MAXIMUM_CANDIDATES},
    refusal::{Refusal, shortened},
};

/// The options of a [`Policy`], as the caller wrote them. Times are in seconds.
#[derive(Clone, Debug, Default)]
pub struct PolicyOptions {
    /// The accepted algorithms. `None`: those that the key allows.
    pub algorithms: Option<Vec<String>>,
    /// The accepted issuers: `iss` must be one of them. `None`: `iss` is not checked.
    pub issuer: Option<Vec<String>>,
    /// The accepted audiences: `aud` must contain one of them. `None`: `aud` is not checked.
    pub audience: Option<Vec<String>>,
    /// The value that `sub` must have.
    pub subject: Option<String>,
    /// The accepted types: `typ` must be one of them (RFC 8725 §3.11).
    pub typ: Option<Vec<String>>,
    /// Whether a token without `typ` is accepted if the field `typ` is set.
    pub typ_optional: bool,
    /// Claims that the token must have.
    pub required_claims: Option<Vec<String>>,
    /// Whether the token must have `exp`; it must unless this is `Some(false)`.
    pub require_exp: Option<bool>,
    /// The accepted clock difference, in seconds.
    pub clock_tolerance: Option<f64>,
    /// The largest age in seconds, counted from `iat`. The token must then have `iat`, and not in the future.
    pub max_token_age: Option<f64>,
    /// The header parameters that the caller understands if `crit` names them.
    pub crit: Option<Vec<String>>,
    /// The longest accepted token, in bytes.
    pub max_token_length: Option<f64>,
    /// The shortest accepted secret, in bytes, instead of the hash's length (RFC 7518 §3.2).
    pub min_secret_length: Option<f64>,
    /// The budget of work for the keys of a set and one token, in checks of P-256 without tables: from 1 to
    /// [`MAXIMUM_CANDIDATES`], the default. At most that many keys are tried, and fewer if a check costs more.
    pub max_candidates: Option<f64>,
    /// Whether a token that requires proof of possession (`cnf`, RFC 7800 §3) is refused. Without a check of the proof, a stolen token
    /// would be accepted. Verifiers whose caller checks the proof accept it.
    pub refuse_bound: bool,
}

/// The checked rules for every token.
#[derive(Clone, Debug)]
pub struct Policy {
    algorithms: Option<Vec<Algorithm>>,
    pub(crate) issuers: Option<Vec<String>>,
    pub(crate) audiences: Option<Vec<String>>,
    pub(crate) subject: Option<String>,
    pub(crate) types: Option<Vec<String>>,
    pub(crate) type_optional: bool,
    pub(crate) required: Vec<String>,
    pub(crate) clock_tolerance: f64,
    pub(crate) maximum_age: Option<f64>,
    pub(crate) understood: Vec<String>,
    pub(crate) maximum_bytes: usize,
    pub(crate) minimum_secret: Option<usize>,
    /// The budget of work for one token, in hundredths of a check of P-256 without tables.
    pub(crate) budget: usize,
    pub(crate) refuse_bound: bool,
}

impl Policy {
    /// Checks the options.
    ///
    /// # Errors
    /// [`Refusal::Option`] for the first option that is empty, not a number, or unknown.
    pub fn new(options: PolicyOptions) -> Result<Self, Refusal> {
        for (name, list) in [
            ("requiredClaims", &options.required_claims),
            ("algorithms", &options.algorithms),
            ("issuer", &options.issuer),
            ("audience", &options.audience),
            ("typ", &options.typ),
            ("crit", &options.crit),
        ] {
            holds_texts(name, list.as_deref())?;
        }
        if options.subject.as_deref() == Some("") {
            return Err(Refusal::Option { name: "subject", problem: EMPTY });
        }
        for (name, seconds) in
            [("clockTolerance", options.clock_tolerance), ("maxTokenAge", options.max_token_age)]
        {
            if seconds.is_some_and(|seconds| !(seconds.is_finite() && seconds >= 0.0)) {
                let problem = "must be a finite number of seconds, not below zero";
                return Err(Refusal::Option { name, problem });
            }
        }
        let maximum_bytes = size("maxTokenLength", options.max_token_length, LARGEST_SIZE, BYTES)?;
        let minimum_secret = size("minSecretLength", options.min_secret_length, LARGEST_SIZE, BYTES)?;
        let candidates =
            size("maxCandidates", options.max_candidates, MAXIMUM_CANDIDATES as f64, CANDIDATES)?;
        let algorithms = options.algorithms.as_deref().map(algorithms).transpose()?;
        let mut required = options.required_claims.unwrap_or_default();
        if options.require_exp.unwrap_or(true) && !required.iter().any(|claim| claim == "exp") {
            required.push("exp".to_owned());
        }
        Ok(Self {
            algorithms,
            issuers: options.issuer,
            audiences: options.audience,
            subject: options.subject,
            types: options.typ,
            type_optional: options.typ_optional,
            required,
            clock_tolerance: options.clock_tolerance.unwrap_or(0.0),
            maximum_age: options.max_token_age,
            understood: options.crit.unwrap_or_default(),
            maximum_bytes: maximum_bytes.unwrap_or(DEFAULT_MAXIMUM_TOKEN_BYTES),
            minimum_secret,
            budget: candidates.unwrap_or(MAXIMUM_CANDIDATES) * 100,
            refuse_bound: options.refuse_bound,
        })
    }

    /// Returns the caller's list of algorithms, or `None` if the key decides.
    #[must_use]
    pub fn algorithms(&self) -> Option<&[Algorithm]> {
        self.algorithms.as_deref()
    }

    /// Returns the longest accepted token, in bytes.
    #[must_use]
    pub fn maximum_token_bytes(&self) -> usize {
        self.maximum_bytes
    }

    /// Checks whether a key can verify any token under this policy, so that a mistake is reported at construction and not at the first
    /// request.
    ///
    /// # Errors
    /// If the key fits no algorithm, the reason why it does not fit the first one.
    pub fn check_key(&self, key: &crate::Key) -> Result<(), Refusal> {
        let listed = self.algorithms.clone().unwrap_or_else(|| Algorithm::ALL.to_vec());
        let mut first = None;
        for algorithm in listed {
            match key.fits(algorithm, self.minimum_secret) {
                Ok(()) => return Ok(()),
                Err(refusal) => first = first.or(Some(refusal)),
            }
        }
        Err(first.unwrap_or(Refusal::NoMatchingKey))
    }

    /// Returns the algorithm of the header, if it is on the caller's list (RFC 8725 §3.1). Without a list, the key must fit it
    /// ([`crate::Keys::select`]), so the token alone never decides.
    pub(crate) fn admit_algorithm(&self, declared: &str) -> Result<Algorithm, Refusal> {
        let known = Algorithm::from_name(declared);
        match &self.algorithms {
            None => known.ok_or_else(|| Refusal::AlgorithmUnknown { algorithm: shortened(declared) }),
            Some(allowed) => known.filter(|algorithm| allowed.contains(algorithm)).ok_or_else(|| {
                Refusal::AlgorithmNotAllowed { algorithm: shortened(declared), allowed: allowed.clone() }
            }),
        }
    }
}

fn algorithms(names: &[String]) -> Result<Vec<Algorithm>, Refusal> {
    let known = |name: &String| {
        Algorithm::from_name(name)
            .ok_or(Refusal::Option { name: "algorithms", problem: "names an unknown algorithm" })
    };
    names.iter().map(known).collect()
}

/// Refuses a list that is empty or contains an empty string.
#[inline(never)]
pub(crate) fn holds_texts(name: &'static str, list: Option<&[String]>) -> Result<(), Refusal> {
    match list {
        Some(list) if list.is_empty() || list.iter().any(String::is_empty) => {
            Err(Refusal::Option { name, problem: EMPTY })
        }
        _ => Ok(()),
    }
}

const EMPTY: &str = "must not be empty";
/// The largest size in options, 16 MiB: far more than any token. Every runtime can allocate three times as much.
const LARGEST_SIZE: f64 = 16_777_216.0;
const BYTES: &str = "must be a whole number of bytes, from 1 to 16777216";
const CANDIDATES: &str = "must be a whole number, from 1 to 64";

#[inline(never)]
fn size(
    name: &'static str,
    value: Option<f64>,
    largest: f64,
    problem: &'static str,
) -> Result<Option<usize>, Refusal> {
    let Some(value) = value else { return Ok(None) };
    if !(1.0..=largest).contains(&value) {
        return Err(Refusal::Option { name, problem });
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 1 and `largest`; a fraction is found by the comparison"
    )]
    let whole = value as u32;
    if f64::from(whole) == value {
        Ok(usize::try_from(whole).ok())
    } else {
        Err(Refusal::Option { name, problem })
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    fn policy(change: impl FnOnce(&mut PolicyOptions)) -> Result<Policy, Refusal> {
        let mut options =
            PolicyOptions { algorithms: Some(vec!["ES256".into()]), ..PolicyOptions::default() };
        change(&mut options);
        Policy::new(options)
    }

    #[track_caller]
    fn names_the_option(name: &str, change: impl FnOnce(&mut PolicyOptions)) {
        match policy(change) {
            Err(Refusal::Option { name: found, .. }) => assert_eq!(found, name),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_option_that_means_nothing_is_named() {
        names_the_option("algorithms", |options| options.algorithms = Some(vec![]));
        names_the_option("algorithms", |options| options.algorithms = Some(vec!["none".into()]));
        names_the_option("algorithms", |options| {
            options.algorithms = Some(vec!["ES256".into(), "HS".into()])
        });
        names_the_option("issuer", |options| options.issuer = Some(vec![]));
        names_the_option("audience", |options| options.audience = Some(vec![String::new()]));
        names_the_option("subject", |options| options.subject = Some(String::new()));
        names_the_option("typ", |options| options.typ = Some(vec![]));
        names_the_option("requiredClaims", |options| options.required_claims = Some(vec![]));
        names_the_option("crit", |options| options.crit = Some(vec![String::new()]));
        for seconds in [f64::NAN, f64::INFINITY, -1.0] {
            names_the_option("clockTolerance", |options| options.clock_tolerance = Some(seconds));
            names_the_option("maxTokenAge", |options| options.max_token_age = Some(seconds));
        }
        for bytes in [f64::NAN, f64::INFINITY, -1.0, 0.0, 1.5, 1e300] {
            names_the_option("maxTokenLength", |options| options.max_token_length = Some(bytes));
            names_the_option("minSecretLength", |options| options.min_secret_length = Some(bytes));
            names_the_option("maxCandidates", |options| options.max_candidates = Some(bytes));
        }
    }

    #[test]
    fn expiry_is_required_unless_it_is_switched_off() {
        assert_eq!(policy(|_| ()).unwrap().required, ["exp"]);
        assert!(policy(|options| options.require_exp = Some(false)).unwrap().required.is_empty());
    }

    #[test]
    fn only_listed_algorithms_are_admitted() {
        let policy = policy(|_| ()).unwrap();
        assert_eq!(policy.admit_algorithm("ES256"), Ok(Algorithm::ES256));
        for name in ["ES384", "es256", "HS256", "", "ES256\0"] {
            assert_eq!(policy.admit_algorithm(name).unwrap_err().code(), "algorithm_not_allowed", "`{name}`");
        }
    }
}
