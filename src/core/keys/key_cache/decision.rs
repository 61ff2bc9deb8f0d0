//! The decisions of a [`super::KeyCache`], and what they depend on.

/// What a request found in the current set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// It has not looked yet.
    Nothing,
    /// The set has no key for the token ([`crate::Refusal::NoMatchingKey`]).
    NoKey,
    /// No fitting key of the set verifies the token ([`crate::Refusal::SignatureMismatch`]).
    BadSignature,
}

/// Why a fetch is made. The loader passes it back with the outcome.
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
    /// Use the current set.
    Use,
    /// Use the current set, and fetch without making the request wait.
    UseAndRefresh,
    /// Fetch now and wait. If that fails, look up again.
    Fetch(Purpose),
    /// A fetch of this isolate is under way: wait for it where promises can be shared, else fetch alone if there is
    /// no set, or refuse as unavailable.
    Wait(Purpose),
    /// The refusal that the current set led to is final: no fetch is made for it now.
    Refuse,
    /// There is no set to trust and asking again is too early.
    Unavailable {
        /// After how many seconds a request can cause a fetch again.
        retry_after: f64,
    },
}

/// What became of an answer that holds keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// It is the current set now.
    Taken,
    /// The current set is newer and stays.
    Older,
    /// A cache on the way kept it for too long. It counts as a failure.
    Stale,
}
