//! Limits that callers cannot change, and the default of one that they can.

/// The longest token that is accepted unless the policy sets another limit, in bytes.
pub const DEFAULT_MAXIMUM_TOKEN_BYTES: usize = 16 * 1024;
/// The most keys that are tried for one token.
pub const MAXIMUM_CANDIDATES: usize = 64;
/// The longest text of a key set that is read, in bytes.
pub const MAXIMUM_SET_BYTES: usize = 1 << 20;
/// The most members of a key set that are read.
pub const MAXIMUM_SET_KEYS: usize = 1_000;
