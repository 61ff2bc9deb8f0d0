//! Keys, key sets, and how long a fetched key set may be used.

pub(crate) mod freshness;
pub(crate) mod key;
pub(crate) mod key_cache;
pub(crate) mod key_set;
