//! Tables of a public key's multiples: they make repeated checks with one key faster.

pub(crate) mod budget;
#[cfg(all(
    not(feature = "crates-engine"),
    any(feature = "p256", feature = "p384", feature = "p521", feature = "ed25519")
))]
pub(crate) mod table;
