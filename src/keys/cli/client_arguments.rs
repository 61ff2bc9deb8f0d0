//! The arguments of `clients`.

use clap::{Args, Subcommand};

use crate::confirmation::Confirmation;
use crate::duration::life;

/// Those who may ask for tokens at `POST /token`.
#[derive(Debug, Subcommand)]
pub(crate) enum Clients {
    /// Add a client, and print its secret: the only time
    #[command(after_help = "Example:
  jotgate-keys clients add worker --scope 'items:read items:write' --audience https://api.example
  curl -u worker:SECRET -d grant_type=client_credentials http://127.0.0.1:8411/token

A server that runs knows of it, and of its end, within a second.")]
    Add(AddClient),
    /// List the clients
    #[command(after_help = "Example:
  jotgate-keys clients list")]
    List,
    /// Give a client no more tokens; those that it has live on
    #[command(after_help = "Example:
  jotgate-keys clients disable worker")]
    Disable(NamedClient),
    /// Remove a client and its secret
    #[command(after_help = "Example:
  jotgate-keys clients remove worker

Asks first, or needs --yes. Tokens that it has live on; `clients disable` does the same and can be undone.")]
    Remove(RemoveClient),
}

#[derive(Debug, Args)]
pub(crate) struct AddClient {
    /// Its identifier: `client_id`, and `sub` of its tokens; 1 to 128 letters, digits or any of . _ ~ -
    #[arg(value_name = "CLIENT")]
    pub(crate) id: String,
    /// What it may ask for: words separated by single spaces
    #[arg(long, value_name = "WORDS")]
    pub(crate) scope: Option<String>,
    /// Who its tokens may be for: a name, or a URI without a fragment. May be repeated; the first is used if the client
    /// names no `resource`
    #[arg(long, value_name = "AUDIENCE", required = true)]
    pub(crate) audience: Vec<String>,
    /// How long its tokens live; at most the setting longest-life [default: 30m, or longest-life if it is shorter]
    #[arg(long, value_name = "DURATION", value_parser = life)]
    pub(crate) token_life: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct RemoveClient {
    /// Its identifier
    #[arg(value_name = "CLIENT")]
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) confirmation: Confirmation,
}

#[derive(Debug, Args)]
pub(crate) struct NamedClient {
    /// Its identifier
    #[arg(value_name = "CLIENT")]
    pub(crate) id: String,
}
