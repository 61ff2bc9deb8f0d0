//! Tables of multiples of a public key, which make repeated verifications with the same key faster.

pub(crate) mod budget;
pub(crate) mod table;
