//! The companion as others meet it: the library over real HTTP on loopback, and the binary as a process, each on a real
//! SQLite file in a folder of its own.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]

mod account_limits;
mod arguments;
mod attempts;
mod broken_files;
mod browser;
mod check;
mod client;
mod client_documents;
mod client_switches;
mod clients;
mod configuration;
mod confirmation;
mod connections;
mod dev;
mod device;
mod faketime;
mod format;
mod full;
mod healthcheck;
mod help;
mod http;
mod killed;
mod listings;
mod load;
mod log;
mod login;
mod login_killed;
mod openapi;
mod openid;
mod openid_kinds;
mod openid_logout;
mod openid_profile;
mod operations;
mod postgres;
mod process;
mod program;
mod proofs;
mod rekey;
mod replicas;
mod restored;
mod rotation;
mod serving;
mod settings;
mod step_up;
#[path = "../../test_postgres.rs"]
mod test_postgres;
mod tls;
