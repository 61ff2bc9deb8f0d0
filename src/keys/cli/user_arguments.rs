//! The arguments of `users`.

use clap::{Args, Subcommand};

use crate::client_arguments::Json;
use crate::confirmation::Confirmation;

/// The people who can log in.
#[derive(Debug, Subcommand)]
pub(crate) enum Users {
    /// Add a person; the password is asked for
    #[command(after_help = "Example:
  jotgate-keys users add ada --role admin --permission reports:read
  printf '%s\\n' \"$PASSWORD\" | jotgate-keys users add grace

A password has 15 to 128 characters and is not easy to guess. It is read from the terminal, or as the first line of stdin.")]
    Add(AddUser),
    /// List the people
    #[command(after_help = "Example:
  jotgate-keys users list
  jotgate-keys users list --json")]
    List(Json),
    /// Let a person log in no more; sessions and refresh tokens end. Access tokens live on
    #[command(after_help = "Example:
  jotgate-keys users disable ada")]
    Disable(NamedUser),
    /// Let a person log in again
    #[command(after_help = "Example:
  jotgate-keys users enable ada")]
    Enable(NamedUser),
    /// Give a person another password; sessions and refresh tokens end
    #[command(after_help = "Example:
  jotgate-keys users passwd ada")]
    Passwd(NamedUser),
    /// Forget a person's wrong passwords, so that the person need not wait for the next try
    #[command(after_help = "Example:
  jotgate-keys users unlock ada")]
    Unlock(NamedUser),
    /// Remove a person. The `sub` is never used again
    #[command(after_help = "Example:
  jotgate-keys users remove ada

Asks first, or needs --yes. `users disable` has the same effect and can be undone.")]
    Remove(RemoveUser),
}

#[derive(Debug, Args)]
pub(crate) struct AddUser {
    /// The name that the person logs in with; upper and lower case are the same
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// A word in the claim `roles`. May be repeated
    #[arg(long = "role", value_name = "ROLE")]
    pub(crate) roles: Vec<String>,
    /// A word in the claim `permissions`. May be repeated
    #[arg(long = "permission", value_name = "PERMISSION")]
    pub(crate) permissions: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct NamedUser {
    /// The name that the person logs in with
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
}

#[derive(Debug, Args)]
pub(crate) struct RemoveUser {
    #[command(flatten)]
    pub(crate) user: NamedUser,
    #[command(flatten)]
    pub(crate) confirmation: Confirmation,
}
