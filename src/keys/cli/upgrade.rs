//! `upgrade`: converts a store to the newest format. No other command does this.

use jotgate_keys::{Error, Keeper, LedgerSeal, StoreId};

use crate::say;

pub(crate) fn upgrade(keeper: &Keeper) -> Result<(), Error> {
    let (id, seal) = (StoreId::generate()?, LedgerSeal::generate()?);
    let state = keeper.change(|state| match state.ledger() {
        Some(_) => Ok(None),
        None => Ok(Some(state.upgrade(id).unwrap_or_else(|| state.clone()).with_ledger(seal.clone())?)),
    })?;
    match (state.ledger(), state.store_id()) {
        (Some(found), Some(id)) if *found == seal => {
            say(&format!("the store has format 5 now; its identifier is {id}\n"))
        }
        _ => say("the store has format 5 already; nothing was changed\n"),
    }
}
