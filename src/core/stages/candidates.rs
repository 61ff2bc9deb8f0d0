//! The third stage: selects the keys that may have signed a token, by its header. It also tries these keys within a budget of work
//! (RFC 8725 §3.1).
//!
//! A token decides how many keys fit it: without a `kid`, every key of its algorithm fits. The budget bounds the cost of one forged
//! token. It counts work and not keys, because the cost differs much between algorithms.

use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering};

use crate::{
    keys::key::Key,
    keys::key_set::{KeySet, Member},
    limits::MAXIMUM_CANDIDATES,
    policy::Policy,
    refusal::Refusal,
    stages::header::Header,
};

/// The keys that a token is verified with.
#[derive(Clone, Copy, Debug)]
pub enum Keys<'k> {
    /// No key: every token is refused. The refusal is [`Refusal::NoMatchingKey`] if some key could accept the token.
    None,
    /// One key. The token's `kid` is ignored.
    One(&'k Key),
    /// The keys of a set.
    Set(&'k KeySet),
}

impl<'k> Keys<'k> {
    /// Selects the keys that may have signed a token with this header.
    ///
    /// # Errors
    /// For one key, the reason why it does not fit. For a set, [`Refusal::NoMatchingKey`] or [`Refusal::KeyDoesNotFit`].
    pub fn select(self, header: &Header, policy: &Policy) -> Result<Candidates<'k>, Refusal> {
        match self {
            Self::None => Err(Refusal::NoMatchingKey),
            Self::One(key) => {
                key.fits(header.algorithm(), policy.minimum_secret)?;
                Ok(Candidates::one(key))
            }
            Self::Set(set) => select_from(set, header, policy),
        }
    }
}

/// Selects the keys of a set: first those with the token's `kid`, then those without a `kid`. For a token without `kid`, selects
/// all that fit. The key that verified the last token is first.
#[inline(never)] // Cold for a single key: docs/decisions/0012.
fn select_from<'k>(set: &'k KeySet, header: &Header, policy: &Policy) -> Result<Candidates<'k>, Refusal> {
    let kid = header.kid();
    let fits = |member: &Member| member.key.fits(header.algorithm(), policy.minimum_secret).is_ok();
    let mut found = Choice::new(&set.last);
    let mut is_named = false;
    for member in set.named(kid) {
        is_named = kid.is_some();
        if fits(member) {
            found.add(member);
        }
    }
    let mismatch = match (found.is_empty(), is_named) {
        (false, _) => Refusal::SignatureMismatch,
        // The set has a key with this `kid`, so a newer set would not help.
        (true, true) => Refusal::KeyDoesNotFit,
        (true, false) => Refusal::NoMatchingKey,
    };
    if kid.is_some() {
        let nameless = set.keys().iter().filter(|member| member.key.kid().is_none());
        nameless.filter(|member| fits(member)).for_each(|member| found.add(member));
    }
    found.candidates(mismatch)
}

/// A key that may have signed a token, and its index in its set, or `None` for a key that was given directly.
pub(crate) type Candidate<'k> = (Option<usize>, &'k Key);

/// The keys that may have signed a token, in the order in which they are tried: at least one, at most [`MAXIMUM_CANDIDATES`]. Each fits
/// the token's algorithm.
#[derive(Debug)]
pub struct Candidates<'k> {
    first: Candidate<'k>,
    /// The candidates after the first. Most tokens have none.
    rest: Vec<Candidate<'k>>,
    /// Whether more keys fit than are tried.
    has_more: bool,
    /// The refusal if no key signed the token.
    mismatch: Refusal,
    /// The variable of the set with the index of the key that verified the last token.
    last: Option<&'k AtomicUsize>,
}

/// Collects the members of a set that fit a token.
struct Choice<'k> {
    first: Option<Candidate<'k>>,
    rest: Vec<Candidate<'k>>,
    last: &'k AtomicUsize,
    /// The index of the member that verified the last token.
    favourite: usize,
}

impl<'k> Choice<'k> {
    fn new(last: &'k AtomicUsize) -> Self {
        Self { first: None, rest: Vec::new(), last, favourite: last.load(Ordering::Relaxed) }
    }

    const fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Adds a member after the others, or before them if it verified the last token.
    fn add(&mut self, member: &'k Member) {
        let added = (Some(member.index), &member.key);
        match self.first {
            None => self.first = Some(added),
            Some(first) if member.index == self.favourite => {
                self.rest.insert(0, first);
                self.first = Some(added);
            }
            Some(_) => self.rest.push(added),
        }
    }

    /// Returns the candidates. `mismatch` is their refusal if none of them signed the token.
    ///
    /// # Errors
    /// `mismatch` if there are no candidates.
    fn candidates(mut self, mismatch: Refusal) -> Result<Candidates<'k>, Refusal> {
        let Some(first) = self.first else { return Err(mismatch) };
        let has_more = self.rest.len() >= MAXIMUM_CANDIDATES;
        self.rest.truncate(MAXIMUM_CANDIDATES - 1);
        Ok(Candidates { first, rest: self.rest, has_more, mismatch, last: Some(self.last) })
    }
}

impl<'k> Candidates<'k> {
    /// Makes the candidates of a key that was given directly.
    const fn one(key: &'k Key) -> Self {
        Self {
            first: (None, key),
            rest: Vec::new(),
            has_more: false,
            mismatch: Refusal::SignatureMismatch,
            last: None,
        }
    }

    /// Returns the candidate if there is only one.
    pub(crate) const fn only(&self) -> Option<Candidate<'k>> {
        if self.rest.is_empty() { Some(self.first) } else { None }
    }

    /// Returns the refusal if no key signed the token.
    pub(crate) fn into_mismatch(self) -> Refusal {
        self.mismatch
    }

    /// Finds the key for which `verifies` returns true. `work` returns the work of a check, in hundredths of a check of P-256 without tables.
    /// It returns `None` if the length of the signature does not fit the key, so that no check is made. The first check is always made.
    ///
    /// # Errors
    /// [`Refusal::TooManyCandidates`] if there are keys left when the budget is spent; the refusal of these candidates if no key
    /// verifies.
    pub(crate) fn search(
        &self,
        budget: usize,
        work: impl Fn(&Key) -> Option<usize>,
        mut verifies: impl FnMut(Candidate<'k>) -> bool,
    ) -> Result<Candidate<'k>, Refusal> {
        let mut spent = 0_usize;
        for candidate in core::iter::once(&self.first).chain(&self.rest) {
            let Some(work) = work(candidate.1) else { continue };
            let is_first = spent == 0;
            spent = spent.saturating_add(work);
            if spent > budget && !is_first {
                return Err(Refusal::TooManyCandidates);
            }
            if verifies(*candidate) {
                self.remember(*candidate);
                return Ok(*candidate);
            }
        }
        Err(if self.has_more { Refusal::TooManyCandidates } else { self.mismatch.clone() })
    }

    /// Stores the key as the first one to try. It is called only for a valid signature, so forged tokens cannot change the order.
    fn remember(&self, (index, _): Candidate<'k>) {
        if let (Some(last), Some(index), false) = (self.last, index, self.rest.is_empty()) {
            last.store(index, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::String, vec::Vec};

    use super::*;
    use crate::{
        KeySet, Keys, Policy, PolicyOptions,
        stages::header::{Header, Headers},
        stages::token::Parts,
    };

    const P256: &str = r#""kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM""#;
    const ED25519: &str = r#""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;

    fn set(members: &[String]) -> KeySet {
        KeySet::from_jwks(&format!(r#"{{"keys":[{}]}}"#, members.join(","))).unwrap()
    }

    /// Searches among the candidates of a header for the member of an index. Returns it with the number of checks that were made.
    fn search(
        set: &KeySet,
        header: &str,
        signer: usize,
        budget: usize,
    ) -> (Result<usize, &'static str>, usize) {
        let policy = Policy::new(PolicyOptions::default()).unwrap();
        let token = format!("{}.e30.AA", crate::text::base64url::encode(header.as_bytes()));
        let parts = Parts::split(token.as_bytes(), 999).unwrap();
        let header = Header::read(&parts, &policy, &mut Headers::new()).unwrap();
        let mut checks = 0;
        let found = Keys::Set(set).select(&header, &policy).and_then(|candidates| {
            let work = |key: &Key| key.prepared().work(header.algorithm(), 500, 64);
            candidates.search(budget, work, |(index, _)| {
                checks += 1;
                index == Some(signer)
            })
        });
        (found.map(|(index, _)| index.unwrap()).map_err(|refusal| refusal.code()), checks)
    }

    #[test]
    fn v4_without_a_kid_every_key_is_tried_that_the_budget_covers() {
        let header = r#"{"alg":"ES256"}"#;
        let keys = |count: usize| -> Vec<String> { (0..count).map(|_| format!("{{{P256}}}")).collect() };
        assert_eq!(search(&set(&keys(12)), header, 8, 1600), (Ok(8), 9));
        assert_eq!(search(&set(&keys(16)), header, 15, 1600), (Ok(15), 16));
        assert_eq!(search(&set(&keys(16)), header, 99, 1600), (Err("signature_mismatch"), 16));
        assert_eq!(search(&set(&keys(17)), header, 16, 1600), (Err("too_many_candidates"), 16));
        assert_eq!(search(&set(&keys(64)), header, 63, 6400), (Ok(63), 64));
        assert_eq!(search(&set(&keys(65)), header, 64, 6400), (Err("too_many_candidates"), 64));
        assert_eq!(search(&set(&keys(65)), header, 64, 99_999), (Err("too_many_candidates"), 64));
        // The first check is made whatever it costs.
        assert_eq!(search(&set(&keys(2)), header, 0, 1), (Ok(0), 1));
        assert_eq!(search(&set(&keys(2)), header, 1, 1), (Err("too_many_candidates"), 1));
    }

    #[test]
    fn v4_the_key_that_verified_last_is_tried_first() {
        let header = r#"{"alg":"ES256"}"#;
        let keys: Vec<String> = (0..100).map(|_| format!("{{{P256}}}")).collect();
        let set = set(&keys);
        assert_eq!(search(&set, header, 40, 6400), (Ok(40), 41));
        assert_eq!(search(&set, header, 40, 6400), (Ok(40), 1));
        assert_eq!(search(&set, header, 3, 6400), (Ok(3), 5));
        // A token that does not verify changes nothing.
        assert_eq!(search(&set, header, 99, 1600), (Err("too_many_candidates"), 16));
        assert_eq!(search(&set, header, 3, 100), (Ok(3), 1));
    }

    #[test]
    fn v4_a_kid_that_many_keys_bear_is_tried_before_the_keys_without_one() {
        let mut keys: Vec<String> = (0..3).map(|_| format!("{{{P256}}}")).collect();
        keys.extend((0..20).map(|_| format!(r#"{{{P256},"kid":"a"}}"#)));
        keys.extend((0..50).map(|_| format!(r#"{{{P256},"kid":"b"}}"#)));
        let search = |header: &str, signer| search(&set(&keys), header, signer, 6400);
        let header = r#"{"alg":"ES256","kid":"a"}"#;
        assert_eq!(search(header, 3), (Ok(3), 1));
        assert_eq!(search(header, 22), (Ok(22), 20));
        assert_eq!(search(header, 0), (Ok(0), 21));
        assert_eq!(search(header, 23), (Err("signature_mismatch"), 23));
        // The set may have a key with that `kid` now.
        assert_eq!(search(r#"{"alg":"ES256","kid":"c"}"#, 2), (Ok(2), 3));
        assert_eq!(search(r#"{"alg":"ES256","kid":"c"}"#, 99), (Err("no_matching_key"), 3));
    }

    #[test]
    fn v4_of_mixed_types_only_those_count_that_fit() {
        let kinds = [
            P256,
            ED25519,
            r#""kty":"EC","crv":"P-256","use":"enc","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM""#,
        ];
        let keys: Vec<String> = (0..45).map(|number| format!("{{{}}}", kinds[number % 3])).collect();
        assert_eq!(search(&set(&keys), r#"{"alg":"ES256"}"#, 42, 1600), (Ok(42), 15));
        assert_eq!(search(&set(&keys), r#"{"alg":"EdDSA"}"#, 43, 1600), (Ok(43), 15));
        assert_eq!(search(&set(&keys), r#"{"alg":"Ed25519"}"#, 99, 1600), (Err("signature_mismatch"), 15));
        assert_eq!(search(&set(&keys), r#"{"alg":"ES384"}"#, 0, 1600), (Err("no_matching_key"), 0));
    }

    #[test]
    fn v4_a_signature_of_a_length_that_a_key_never_makes_is_no_work() {
        let set = set(&[format!("{{{P256}}}"), format!("{{{P256}}}")]);
        let work = |key: &Key, bytes| key.prepared().work(jotgate_crypto::Algorithm::ES256, 500, bytes);
        let key = &set.keys()[0].key;
        assert_eq!((work(key, 64), work(key, 63), work(key, 0)), (Some(100), None, None));
        let candidates = Candidates::one(key);
        let found = candidates.search(0, |key| work(key, 63), |_| panic!("nothing to check"));
        assert_eq!(found.unwrap_err().code(), "signature_mismatch");
    }
}
