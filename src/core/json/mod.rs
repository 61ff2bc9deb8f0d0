//! A strict JSON reader, the layouts of earlier claims, and the outline from which JavaScript builds claims.

pub(crate) mod document;
pub(crate) mod layouts;
pub(crate) mod number;
pub(crate) mod outline;
pub(crate) mod reader;
