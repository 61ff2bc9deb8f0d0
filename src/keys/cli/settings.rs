//! `settings …`: a keeper and other times enter, what is in force from then on is said.

use jotgate_keys::{Clock, Error, Keeper, SystemClock, adjust, settings_listing};

use crate::say;
use crate::time_arguments::Settings;

pub(crate) fn settings(keeper: &Keeper, command: &Settings) -> Result<(), Error> {
    let state = match command {
        Settings::Show => keeper.load()?.1,
        Settings::Set(chosen) => adjust(keeper, |before| chosen.over(before), &SystemClock)?,
    };
    say(&settings_listing(&state, SystemClock.now()))
}
