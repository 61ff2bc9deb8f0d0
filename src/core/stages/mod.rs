//! The stages of a verification, in the order in which a token passes them. Each takes the type that the stage before returns.

pub(crate) mod candidates;
pub(crate) mod claims;
pub(crate) mod claims_check;
pub(crate) mod header;
pub(crate) mod scope;
pub(crate) mod signature;
pub(crate) mod token;
