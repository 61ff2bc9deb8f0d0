//! The arguments of `users`.

use clap::{ArgGroup, Args, Subcommand};

use jotgate_keys::ledger::Profile;
use jotgate_keys::people::check_profile;

use crate::client_arguments::Json;
use crate::confirmation::Confirmation;

/// The people who can log in.
#[derive(Debug, Subcommand)]
pub(crate) enum Users {
    /// Add a person; asks for the password
    #[command(after_help = "Example:
  jotgate-keys users add ada --role admin --permission reports:read
  jotgate-keys users add ada --full-name 'Ada Lovelace' --email ada@example.com --email-verified true
  printf '%s\\n' \"$PASSWORD\" | jotgate-keys users add grace

A password has 15 to 128 characters and is not easy to guess. It is read from the terminal, or as the first line of stdin.")]
    Add(AddUser),
    /// List the people
    #[command(after_help = "Example:
  jotgate-keys users list
  jotgate-keys users list --json")]
    List(Json),
    /// Change the profile of a person. Everything else stays
    #[command(
        group = ArgGroup::new("any").args(["full_name", "email", "email_verified"]).required(true).multiple(true),
        override_usage = "jotgate-keys users set <NAME> --NAME <VALUE> …",
        after_help = "Example:
  jotgate-keys users set ada --email ada@example.org --email-verified true

An empty text removes a value. Another address is not verified until --email-verified says so."
    )]
    Set(SetUser),
    /// Disable a person: sessions and refresh tokens end. Access tokens stay valid until they expire
    #[command(after_help = "Example:
  jotgate-keys users disable ada")]
    Disable(NamedUser),
    /// Let a person log in again
    #[command(after_help = "Example:
  jotgate-keys users enable ada")]
    Enable(NamedUser),
    /// Set another password; sessions and refresh tokens end
    #[command(after_help = "Example:
  jotgate-keys users passwd ada")]
    Passwd(NamedUser),
    /// Reset the count of wrong passwords, so that the person can log in without a wait
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
    #[command(flatten)]
    pub(crate) profile: ProfileArguments,
}

#[derive(Debug, Args)]
pub(crate) struct SetUser {
    /// The name that the person logs in with
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) profile: ProfileArguments,
}

/// The profile of a person.
#[derive(Debug, Args)]
pub(crate) struct ProfileArguments {
    /// The claim `name`, for clients with the scope `profile`
    #[arg(long, value_name = "TEXT")]
    full_name: Option<String>,
    /// The claim `email`, for clients with the scope `email`
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// The claim `email_verified`: whether you know that the address is the person's own
    #[arg(long, value_name = "true|false")]
    email_verified: Option<bool>,
}

impl ProfileArguments {
    /// Returns the profile `before` with the chosen values.
    pub(crate) fn over(&self, before: Profile) -> Result<Profile, std::io::Error> {
        let chosen = |text: &Option<String>, before| match text {
            Some(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            None => before,
        };
        let kept = self.email.is_none() && before.email_verified;
        let profile = Profile {
            name: chosen(&self.full_name, before.name),
            email: chosen(&self.email, before.email),
            email_verified: self.email_verified.unwrap_or(kept),
        };
        check_profile(&profile).map_err(|refusal| std::io::Error::other(refusal.to_string()))?;
        Ok(profile)
    }
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
