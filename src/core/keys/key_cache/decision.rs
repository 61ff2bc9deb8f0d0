//! What the loader asks of a [`super::KeyCache`], and what the cache decides.

/// What a request found in the set in hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing was looked for yet.
    Nothing,
    /// The set has no key for the token ([`crate::Refusal::NoMatchingKey`]).
    NoKey,
    /// No fitting key of the set verifies the token ([`crate::Refusal::SignatureMismatch`]).
    BadSignature,
}

/// Why a fetch is made; the loader hands it back with the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// There is no set, or the one in hand has aged: caches on the way may answer.
    Scheduled,
    /// A token names a key that the set lacks: only the origin knows whether it exists.
    UnknownKey,
    /// No key of the set verifies a token: the issuer may have changed a key and kept its `kid`.
    BadSignature,
}

/// What a lookup decides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decision {
    /// The set in hand is good: use it.
    Use,
    /// The set in hand is good: use it, and fetch without making the request wait.
    UseAndRefresh,
    /// Fetch now and wait; should that fail, look up again.
    Fetch(Purpose),
    /// A fetch of this isolate is under way: wait for it where promises can be shared, else fetch alone if there is
    /// no set, or refuse as unavailable.
    Wait(Purpose),
    /// The refusal that the set in hand led to is final: no fetch is made for it now.
    Refuse,
    /// There is no set to trust and asking again is too early.
    Unavailable {
        /// After how many seconds it is worth asking again.
        retry_after: f64,
    },
}

/// What became of an answer that holds keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// It is the set in hand from now on.
    Taken,
    /// The set in hand is a newer one and stays.
    Older,
    /// A cache on the way kept it for too long. It counts as a failure.
    Stale,
}
