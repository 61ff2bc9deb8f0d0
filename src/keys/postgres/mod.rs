//! PostgreSQL: the address of a database, connections to it, and transactions.
//!
//! This folder does not know the tables. The store and the ledger have their own statements.

mod address;
mod database;
mod passfile;
mod refusal;
mod statements;

pub use address::PostgresAddress;
pub use database::PostgresDatabase;
pub(crate) use database::{MILLISECONDS, TIMELINE, store_error};
pub use refusal::DatabaseRefusal;
