//! Tables of a public key's multiples: they make repeated checks with one key faster.

pub(crate) mod budget;
pub(crate) mod table;
