//! The decisions of a [`super::KeyCache`], and the results of lookups on which they depend.

/// The result of a request's lookup in the current set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// No lookup yet.
    Nothing,
    /// The set has no key for the token ([`crate::Refusal::NoMatchingKey`]).
    NoKey,
    /// No fitting key of the set verifies the token ([`crate::Refusal::SignatureMismatch`]).
    BadSignature,
}

/// The purpose of a fetch. The loader passes it back with the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// There is no set, or the current one is no longer fresh. HTTP caches may respond.
    Scheduled,
    /// A token names a key that the set lacks. Only the issuer itself knows whether it exists.
    UnknownKey,
    /// No key of the set verifies a token. The issuer may have changed a key and kept its `kid`.
    BadSignature,
}

/// The action for a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decision {
    /// Use the current set.
    Use,
    /// Use the current set, and fetch without making the request wait.
    UseAndRefresh,
    /// Fetch now and wait. If that fails, look up again.
    Fetch(Purpose),
    /// Another request's fetch is pending. Wait for it if the runtime allows to share promises. Otherwise fetch if there is no set, or
    /// refuse as unavailable.
    Wait(Purpose),
    /// The refusal by the current set is final. No fetch is made for it now.
    Refuse,
    /// There is no trusted set, and the next fetch is not allowed yet.
    Unavailable {
        /// The number of seconds until a request can cause a fetch.
        retry_after: f64,
    },
}

/// The result of a response with usable keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// It is now the current set.
    Taken,
    /// The current set is newer and stays.
    Older,
    /// A cache stored it for too long. It counts as a failure.
    Stale,
}
