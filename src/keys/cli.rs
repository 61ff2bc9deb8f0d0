//! The words of the command line: arguments enter, one command leaves. What a command does is not decided here.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use jotgate_keys::Issuer;

/// Owns the rotating signing keys, publishes the key set and issues tokens.
#[derive(Debug, Parser)]
#[command(
    version,
    propagate_version = true,
    after_help = "Example:
  jotgate-keys init --issuer http://127.0.0.1:8411
  jotgate-keys serve
  jotgate-keys token --sub somebody --audience api"
)]
pub(crate) struct Cli {
    /// The file with the keys
    #[arg(
        long,
        global = true,
        env = "JOTGATE_STORE",
        value_name = "PATH",
        default_value = "./jotgate-keys/store.sqlite"
    )]
    pub(crate) store: PathBuf,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make the store and its first key; the only command that does
    #[command(after_help = "Example:
  jotgate-keys init --issuer https://issuer.example --max-age 300")]
    Init(Init),
    /// Publish the key set over HTTP until SIGTERM or SIGINT
    #[command(after_help = "Example:
  jotgate-keys serve --listen 127.0.0.1:8411
  curl http://127.0.0.1:8411/.well-known/jwks.json

Prints one line when it is ready: `listening on http://ADDRESS`. TLS is the affair of the proxy before it.")]
    Serve(Serve),
    /// Print one access token (RFC 9068), signed by the key that signs now
    #[command(after_help = "Example:
  curl -H \"Authorization: Bearer $(jotgate-keys token --sub somebody --scope 'items:read' --audience api)\" \
https://api.example/items")]
    Token(Token),
    /// Look at the keys, or change them
    #[command(
        subcommand,
        after_help = "Example:
  jotgate-keys keys rotate"
    )]
    Keys(Keys),
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// What tokens say in `iss`, and verifiers compare: an https URL (http for loopback addresses)
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: Issuer,
    /// How long verifiers may cache the key set
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub(crate) max_age: u64,
    /// The longest life of a token
    #[arg(long, value_name = "SECONDS", default_value_t = 1800)]
    pub(crate) longest_life: u64,
    /// The time until every running server publishes a new key; it signs no earlier
    #[arg(long, value_name = "SECONDS", default_value_t = 2)]
    pub(crate) replica_delay: u64,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where to listen: an IP address and a port; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8411")]
    pub(crate) listen: SocketAddr,
    /// Listen on addresses that others can reach, without TLS
    #[arg(long)]
    pub(crate) allow_non_loopback: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Token {
    /// Who the token is about: `sub`
    #[arg(long, value_name = "SUBJECT")]
    pub(crate) sub: String,
    /// What it allows: `scope`, words separated by single spaces
    #[arg(long, value_name = "WORDS")]
    pub(crate) scope: Option<String>,
    /// How long it lives; never longer than the key may sign [default: 1800, or that if it is shorter]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) ttl: Option<u64>,
    /// Who it is for: `aud`; may be repeated [default: the issuer]
    #[arg(long, value_name = "AUDIENCE")]
    pub(crate) audience: Vec<String>,
    /// Who asked for it: `client_id` [default: the subject]
    #[arg(long, value_name = "CLIENT")]
    pub(crate) client_id: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// List every key: what it is, where it stands, and what happened when
    #[command(after_help = "Example:
  jotgate-keys keys list")]
    List,
    /// Publish a new key, wait until every server does, and let it sign; the old one stays published
    #[command(after_help = "Example:
  jotgate-keys keys rotate

May be killed and run again at any time: it goes on with the key that is published already.")]
    Rotate,
}
