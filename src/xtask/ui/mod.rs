//! What people see: the steps under way, tables, colours, and the counts of tests.

pub(crate) mod counts;
pub(crate) mod progress;
pub(crate) mod table;
pub(crate) mod terminal;
