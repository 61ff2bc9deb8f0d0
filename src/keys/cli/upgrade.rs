//! `upgrade`: brings a store to the newest format, which is never done by itself.

use jotgate_keys::{Error, Keeper, StoreId};

use crate::say;

pub(crate) fn upgrade(keeper: &Keeper) -> Result<(), Error> {
    let id = StoreId::generate()?;
    let state = keeper.change(|state| Ok(state.upgrade(id)))?;
    match state.store_id() {
        Some(found) if found == id => say(&format!("the store has format 4 now; its identifier is {id}\n")),
        _ => say("the store has format 4 already; nothing was changed\n"),
    }
}
