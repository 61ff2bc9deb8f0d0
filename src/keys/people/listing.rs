//! Formats the people of an issuer as a table and as JSON, without passwords and hashes.

use serde::Serialize;

use crate::Error;
use crate::ledger::User;
use crate::listing::{moment, table};

/// Formats one row for each person.
#[must_use]
pub fn user_listing(users: &[User]) -> String {
    let heads = ["NAME", "STATE", "ADDED", "SUB", "ROLES", "PERMISSIONS"];
    let mut rows = vec![heads.map(str::to_owned)];
    let list = |words: &[String]| if words.is_empty() { "-".to_owned() } else { words.join(" ") };
    rows.extend(users.iter().map(|user| {
        let state = if user.disabled { "disabled" } else { "enabled" };
        [
            user.name.escape_debug().to_string(),
            state.to_owned(),
            moment(user.created),
            user.subject.clone(),
            list(&user.roles),
            list(&user.permissions),
        ]
    }));
    table(&rows)
}

#[derive(Serialize)]
struct Users<'a> {
    users: Vec<ListedUser<'a>>,
}

#[derive(Serialize)]
struct ListedUser<'a> {
    name: &'a str,
    sub: &'a str,
    enabled: bool,
    created: u64,
    roles: &'a [String],
    permissions: &'a [String],
    failures: u64,
    full_name: Option<&'a str>,
    email: Option<&'a str>,
    email_verified: bool,
}

/// `users list --json`: one line of JSON.
///
/// # Errors
/// [`Error::Network`] if the JSON library fails.
pub fn json_user_listing(users: &[User]) -> Result<String, Error> {
    let users = users.iter().map(|user| ListedUser {
        name: &user.name,
        sub: &user.subject,
        enabled: !user.disabled,
        created: user.created,
        roles: &user.roles,
        permissions: &user.permissions,
        failures: user.failures,
        full_name: user.profile.name.as_deref(),
        email: user.profile.email.as_deref(),
        email_verified: user.profile.email_verified,
    });
    Ok(serde_json::to_string(&Users { users: users.collect() }).map_err(std::io::Error::from)? + "\n")
}
