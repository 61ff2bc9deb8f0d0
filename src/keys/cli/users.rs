//! The commands `users …`.

use std::io::{self, BufRead as _, IsTerminal as _};

use jotgate_keys::ledger::{Ledger, Profile, User};
use jotgate_keys::people::{
    check_name, check_password, hash_password, json_user_listing, new_subject, user_listing,
};
use jotgate_keys::{Clock, Error};
use zeroize::Zeroizing;

use crate::client_arguments::Json;
use crate::say;
use crate::user_arguments::{AddUser, NamedUser, RemoveUser, SetUser, Users};

pub(crate) fn users(ledger: &dyn Ledger, clock: &dyn Clock, command: &Users) -> Result<(), Error> {
    let now = clock.now();
    match command {
        Users::Add(arguments) => add(ledger, arguments, now),
        Users::List(Json { json }) => {
            let users = ledger.users()?;
            say(&if *json { json_user_listing(&users)? } else { user_listing(&users) })
        }
        Users::Set(SetUser { name, profile }) => {
            let before = ledger.user_named(name)?;
            known(before.is_some(), name)?;
            let profile = profile.over(before.map(|user| user.profile).unwrap_or_default())?;
            known(ledger.set_profile(name, &profile)?, name)?;
            say(&format!("the profile of {name} is changed\n"))
        }
        Users::Disable(NamedUser { name }) => {
            known(ledger.enable_user(name, false, now)?, name)?;
            say(&format!("{name} can't log in any more\n"))
        }
        Users::Enable(NamedUser { name }) => {
            known(ledger.enable_user(name, true, now)?, name)?;
            say(&format!("{name} can log in again\n"))
        }
        Users::Passwd(NamedUser { name }) => {
            known(ledger.user_named(name)?.is_some(), name)?;
            known(ledger.set_password(name, &new_password(name)?, now)?, name)?;
            say(&format!("{name} has a new password\n"))
        }
        Users::Unlock(NamedUser { name }) => {
            let user = ledger.user_named(name)?;
            known(user.is_some(), name)?;
            user.map(|user| ledger.forget_failures(&user.subject)).transpose()?;
            say(&format!("{name} can try again at once\n"))
        }
        Users::Remove(RemoveUser { user: NamedUser { name }, confirmation }) => {
            known(ledger.user_named(name)?.is_some(), name)?;
            let consequence =
                format!("This removes {name} with all sessions and refresh tokens. It can't be undone.");
            confirmation.require("remove", &consequence)?;
            known(ledger.remove_user(name)?, name)?;
            say(&format!("{name} is removed\n"))
        }
    }
}

fn add(ledger: &dyn Ledger, arguments: &AddUser, now: u64) -> Result<(), Error> {
    let failed = |error: &dyn std::error::Error| io::Error::other(error.to_string());
    let name = check_name(&arguments.name).map_err(|refusal| failed(&refusal))?;
    for word in arguments.roles.iter().chain(&arguments.permissions) {
        if word.is_empty() || word.contains(char::is_control) {
            return Err(io::Error::other("a role or permission is a word without control characters").into());
        }
    }
    if ledger.user_named(&name)?.is_some() {
        return Err(exists(&name));
    }
    let subject = new_subject().map_err(|error| failed(&error))?;
    let password = new_password(&name)?;
    let user = User {
        roles: arguments.roles.clone(),
        permissions: arguments.permissions.clone(),
        profile: arguments.profile.over(Profile::default())?,
        ..User::new(subject, name, password, now)
    };
    if !ledger.add_user(&user)? {
        return Err(exists(&user.name));
    }
    say(&format!("{} can log in; sub: {}\n", user.name, user.subject))
}

fn exists(name: &str) -> Error {
    io::Error::other(format!("there is a person `{name}` already")).into()
}

fn known(found: bool, name: &str) -> Result<(), Error> {
    if found { Ok(()) } else { Err(io::Error::other(format!("there is no person `{name}`")).into()) }
}

/// Reads a new password from the terminal or from stdin. Returns its hash.
fn new_password(name: &str) -> Result<String, Error> {
    let text = if io::stdin().is_terminal() {
        let first = Zeroizing::new(rpassword::prompt_password(format!("New password for {name}: "))?);
        let second = Zeroizing::new(rpassword::prompt_password("The same again: ")?);
        if first != second {
            return Err(io::Error::other("the two passwords differ; nothing was changed").into());
        }
        first
    } else {
        let mut line = Zeroizing::new(String::new());
        let refused =
            |error: io::Error| io::Error::other(format!("the password can't be read from stdin: {error}"));
        io::stdin().lock().read_line(&mut line).map_err(refused)?;
        if line.is_empty() {
            return Err(io::Error::other("stdin has no password: write it as the first line").into());
        }
        Zeroizing::new(line.trim_end_matches(['\r', '\n']).to_owned())
    };
    let password = check_password(&text, name).map_err(|refusal| io::Error::other(refusal.to_string()))?;
    Ok(hash_password(&password)?)
}
