//! PostgreSQL: where it is, how it is connected to, and transactions in it.
//!
//! Nothing here knows the tables. The store and the ledger have their own statements.

mod address;
mod database;
mod passfile;
mod refusal;
mod statements;

pub use address::PostgresAddress;
pub use database::PostgresDatabase;
pub(crate) use database::{MILLISECONDS, TIMELINE, store_error};
pub use refusal::DatabaseRefusal;
