//! The commands `keys …`.

use std::time::Duration;

use jotgate_keys::{
    Clock, Error, Keeper, Phase, Purpose, RsaSize, State, StateError, StoreError, client_listing,
    json_listing, listing, rekey, replace_all_keys, request_rotation, revoke_key, rotate, stage_key,
};

use crate::arguments::{Keys, Revoke, Rotate, Stage};
use crate::client_arguments::Json;
use crate::confirmation::Confirmation;
use crate::init::kept_in;
use crate::say;

pub(crate) fn keys(keeper: &Keeper, clock: &dyn Clock, command: &Keys) -> Result<(), Error> {
    match command {
        Keys::List(Json { json }) => {
            let ((_, state), now) = (keeper.load()?, clock.now());
            say(&if *json { json_listing(&state, now)? } else { listing(&state, now) })
        }
        Keys::Stage(arguments) => stage(keeper, clock, arguments),
        Keys::Rotate(arguments) => rotate_keys(keeper, clock, arguments),
        Keys::Revoke(arguments) => revoke(keeper, clock, arguments),
        Keys::Emergency(confirmation) => emergency(keeper, clock, *confirmation),
        Keys::Restored(confirmation) => restored(keeper, clock, *confirmation),
        Keys::Rekey => {
            let id = rekey(keeper, clock)?;
            say(&format!(
                "the private keys are encrypted with the key {id} now\n{}",
                kept_in(keeper.source())
            ))
        }
    }
}

fn stage(keeper: &Keeper, clock: &dyn Clock, arguments: &Stage) -> Result<(), Error> {
    let (_, state) = keeper.load()?;
    let purpose = arguments.purpose;
    let signer = state.signer_for(purpose).ok();
    let usual = purpose.only_algorithm().unwrap_or(state.signer()?.pair.algorithm());
    let algorithm = arguments.algorithm.unwrap_or(usual);
    let there = state.successor_for(purpose, algorithm).is_some();
    let size = signer.map_or_else(RsaSize::default, |signer| signer.pair.rsa_size());
    let size = arguments.rsa.size_for(algorithm, size)?;
    let (kid, state) = stage_key(keeper, purpose, algorithm, size, clock)?;
    let from = state.find(&kid).map_or(0, |key| key.may_sign_from);
    let (verb, left) = (if there { "was published already" } else { "is published" }, left(clock, from));
    let next = match (purpose, signer) {
        (Purpose::Access, _) => format!("it may sign {left}: `keys rotate --algorithm {algorithm}`"),
        (Purpose::Id, Some(_)) => format!("it may sign {left}: `keys rotate --purpose id`"),
        (Purpose::Id, None) => format!("a running `serve` lets it sign ID tokens {left}"),
    };
    say(&format!("{kid} {verb}; {next}\n"))
}

fn rotate_keys(keeper: &Keeper, clock: &dyn Clock, arguments: &Rotate) -> Result<(), Error> {
    let purpose = arguments.purpose;
    if arguments.no_wait && purpose == Purpose::Id {
        return Err(std::io::Error::other("--no-wait is for access tokens; leave it out").into());
    }
    if arguments.no_wait {
        let (kid, from, _) = request_rotation(keeper, arguments.algorithm, clock)?;
        if clock.now() < from {
            return say(&format!(
                "published {kid}; it may sign {}, when every verifier can have it: a running `serve` finishes the \
                 rotation then\n",
                left(clock, from)
            ));
        }
    }
    let mut said = Ok(());
    let mut wait = |kid: &str, time: Duration| {
        if said.is_ok() {
            said = say(&format!(
                "published {kid}; it signs in {} s, when every verifier can have it\n\
                 to end here and let a running `serve` finish it: Ctrl-C, then `keys rotate --no-wait`\n",
                time.as_secs()
            ));
        }
        std::thread::sleep(time);
    };
    let rotation = rotate(keeper, purpose, arguments.algorithm, clock, &mut wait)?;
    said?;
    let life = rotation.state.find(&rotation.retiring).map_or(0, |key| key.longest_life);
    say(&format!(
        "{} signs now; {} stays published: its last tokens live for up to {life} s\n",
        rotation.signing, rotation.retiring
    ))
}

fn restored(keeper: &Keeper, clock: &dyn Clock, confirmation: Confirmation) -> Result<(), Error> {
    let why = match keeper.load() {
        Ok(_) if keeper.is_remembered()? => {
            return say("the store was not rolled back; nothing was changed\n");
        }
        Ok(_) => "nothing here remembers the store, so it may be an older copy".to_owned(),
        Err(Error::Store(error @ StoreError::RolledBack { .. })) => error.to_string(),
        Err(other) => return Err(other),
    };
    confirmation.require("restored", &format!("{why}. Revoked keys and removed clients may come back."))?;
    let Some((version, state)) = keeper.accept_restored()? else {
        return say("the store was not rolled back; nothing was changed\n");
    };
    let (keys, clients) = (listing(&state, clock.now()), client_listing(state.clients()));
    say(&format!("the store goes on as version {version}, with these keys and clients:\n{keys}\n{clients}"))
}

fn revoke(keeper: &Keeper, clock: &dyn Clock, Revoke { kid, confirmation }: &Revoke) -> Result<(), Error> {
    let (_, state) = keeper.load()?;
    let key = state.find(kid).ok_or_else(|| StateError::UnknownKey { kid: kid.clone() })?;
    let successor = match key.phase {
        Phase::Signing { .. } => " It signs now: its successor signs at once.",
        Phase::Staged | Phase::Retiring { .. } => "",
    };
    confirmation.require(
        "revoke",
        &format!(
            "This takes the key {kid} of {} out of the published set. Every token that it signed is refused as soon as \
             verifiers fetch the set: {} s from now at most.{successor} A revoked key cannot come back.",
            state.issuer(),
            state.settings().times().revocation
        ),
    )?;
    let state = revoke_key(keeper, kid, clock)?;
    say(&format!("{kid} is revoked; {} signs\n{}", state.signer()?.kid(), trusted(&state)))
}

fn emergency(keeper: &Keeper, clock: &dyn Clock, confirmation: Confirmation) -> Result<(), Error> {
    let (_, state) = keeper.load()?;
    confirmation.require(
        "emergency",
        &format!(
            "This revokes all {} keys of {} and signs with a new key at once. Every token that is alive is refused as soon \
             as verifiers fetch the set: {} s from now at most. Until they do, they refuse new tokens. Revoked keys cannot \
             come back.",
            state.keys().count(),
            state.issuer(),
            state.settings().times().revocation
        ),
    )?;
    let state = replace_all_keys(keeper, clock)?;
    let count = state.revoked().len();
    let signer = state.signer()?.kid();
    say(&format!("{count} keys are revoked; {signer} signs, new to every verifier\n{}", trusted(&state)))
}

fn trusted(state: &State) -> String {
    let seconds = state.settings().times().revocation;
    format!("verifiers that keep to the settings trust what was revoked for {seconds} s at most\n")
}

/// Formats the time until then.
fn left(clock: &dyn Clock, from: u64) -> String {
    match from.saturating_sub(clock.now()) {
        0 => "at any time".to_owned(),
        seconds => format!("in {seconds} s"),
    }
}
