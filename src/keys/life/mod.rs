//! The life of the keys. Pure functions compute the next state from a state and a time; others call them with a keeper
//! and a clock.

mod adjustment;
mod client_changes;
mod clock_watch;
mod high_water;
mod ledger_seal;
mod next_signer;
mod older;
mod past_key;
mod purpose;
mod revocation;
mod ring;
mod rotation;
mod settings;
mod spare;
mod state;
mod state_error;
mod step;
mod tick;

pub use adjustment::adjust;
pub use client_changes::{ClientChanges, LoginChanges};
pub use clock_watch::{ClockState, ClockWatch};
pub use high_water::StoreStamp;
pub use ledger_seal::{LedgerSeal, RefreshKey};
pub use next_signer::request_rotation;
pub use older::Older;
pub use past_key::PastKey;
pub use purpose::Purpose;
pub use revocation::{replace_all_keys, revoke_key};
pub use ring::{Key, Phase, Revoked, Ring};
pub use rotation::{Rotation, rotate, stage_key};
pub use settings::{Settings, SettingsRefusal, Times};
pub use state::State;
pub use state_error::StateError;
pub(crate) use step::rotation_due_for;
pub use step::{Action, Alarm, Step, next_step, rotation_due, step};
pub use tick::tick;
