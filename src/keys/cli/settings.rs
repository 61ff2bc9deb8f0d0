//! The commands `settings …`.

use jotgate_keys::{Clock, Error, Keeper, adjust, json_settings_listing, settings_listing};

use crate::client_arguments::Json;
use crate::say;
use crate::time_arguments::Settings;

pub(crate) fn settings(keeper: &Keeper, clock: &dyn Clock, command: &Settings) -> Result<(), Error> {
    let (state, json) = match command {
        Settings::Show(Json { json }) => (keeper.load()?.1, *json),
        Settings::Set(chosen) => (adjust(keeper, |before| chosen.over(before), clock)?, false),
    };
    let now = clock.now();
    say(&if json { json_settings_listing(&state, now)? } else { settings_listing(&state, now) })
}
