//! A strict JSON reader, the layouts of claims that it has seen before, and the outline that JavaScript builds claims from.

pub(crate) mod document;
pub(crate) mod layouts;
pub(crate) mod number;
pub(crate) mod outline;
pub(crate) mod reader;
