//! The upkeep of the ledger, once a minute: detects a rollback, and removes expired rows.

use std::sync::Arc;
use std::time::Duration;

use tracing::{info, warn};

use super::{Ledger, LedgerStamp};
use crate::login::SESSION_LIMITS;
use crate::{Clock, Error, Keeper};

/// The period, in seconds.
const PERIOD: u32 = 60;
/// The most rows of each kind that one transaction removes, and the most transactions of one sweep.
const BATCH: u32 = 500;
const BATCHES: u32 = 20;

/// Brings the ledger and the document to one epoch, and stores the state number of the ledger. If either was rolled back, begins a new
/// epoch, because codes, sessions and refresh tokens that had ended could be valid again.
///
/// # Errors
/// [`Error::Ledger`], and those of [`Keeper::change`].
pub(crate) fn reconcile(keeper: &Keeper) -> Result<(), Error> {
    let Some(ledger) = keeper.ledger() else { return Ok(()) };
    // Read before the ledger, because another server advances the ledger first.
    let seen = keeper.ledger_mark()?.unwrap_or_default();
    let (_, state) = keeper.load()?;
    let Some(seal) = state.ledger() else { return Ok(()) };
    let lost = ledger.may_have_lost()?;
    let found = stamp(ledger.as_ref())?;
    // Another server that detected the same may have begun the epoch already.
    let is_begun = seal.epoch > found.epoch.max(seen.epoch);
    let rolled_back = (found < seen || lost) && !is_begun || seal.epoch < found.epoch.max(seen.epoch);
    if rolled_back {
        let epoch = seal.epoch.max(found.epoch).max(seen.epoch).saturating_add(1);
        keeper.change(|state| match state.ledger() {
            Some(seal) if seal.epoch < epoch => {
                let mut seal = seal.clone();
                seal.epoch = epoch;
                Ok(Some(state.with_ledger(seal)?))
            }
            _ => Ok(None),
        })?;
        ledger.begin_epoch(epoch)?;
        warn!(
            event = "ledger_epoch",
            epoch, "the store or the ledger was rolled back: everybody has to log in again"
        );
    } else if is_begun {
        ledger.begin_epoch(seal.epoch)?;
        info!(
            event = "ledger_epoch",
            epoch = seal.epoch,
            "a new epoch has begun: everybody has to log in again"
        );
    } else {
        ledger.begin_epoch(found.epoch)?;
    }
    keeper.set_ledger_mark(stamp(ledger.as_ref())?)
}

/// Removes expired rows, in small transactions.
pub(crate) fn sweep(ledger: &dyn Ledger, now: u64) -> Result<u64, Error> {
    let mut gone = 0;
    for _ in 0..BATCHES {
        let batch = ledger.sweep(SESSION_LIMITS, now, BATCH)?;
        gone += batch;
        if batch == 0 {
            break;
        }
    }
    Ok(gone)
}

/// Does both periodically.
pub(crate) async fn upkeep(keeper: Keeper, clock: Arc<dyn Clock>) {
    let mut turn: u32 = 0;
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        turn = turn.wrapping_add(1);
        let (keeper, now, is_due) = (keeper.clone(), clock.now(), turn.is_multiple_of(PERIOD));
        let kept = tokio::task::spawn_blocking(move || {
            // No login is possible while it is waiting.
            let is_waiting = keeper.ledger().is_some_and(|ledger| ledger.is_waiting());
            if !is_due && !is_waiting {
                return Ok(0);
            }
            reconcile(&keeper)?;
            keeper.ledger().map_or(Ok(0), |ledger| sweep(ledger.as_ref(), now))
        });
        match kept.await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => warn!(code = error.code(), %error, "the ledger could not be looked after"),
            Err(_) => warn!("the ledger could not be looked after"),
        }
    }
}

fn stamp(ledger: &dyn Ledger) -> Result<LedgerStamp, Error> {
    Ok(LedgerStamp { epoch: ledger.epoch()?, changes: ledger.change_number()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::SqliteLedger;
    use crate::test_keys::{sealed_in_file, state};
    use crate::{LedgerSeal, MarkFile, StoreId};

    fn kept() -> (tempfile::TempDir, Keeper, StoreId) {
        let id = StoreId::generate().unwrap();
        let first = state().upgrade(id).unwrap().with_ledger(LedgerSeal::generate().unwrap()).unwrap();
        let (folder, _, keeper) = sealed_in_file(&first);
        let keeper = keeper.with_mark(MarkFile::new(folder.path().join("mark")));
        let keeper = with_ledger(&folder, keeper, id);
        (folder, keeper, id)
    }

    fn with_ledger(folder: &tempfile::TempDir, keeper: Keeper, id: StoreId) -> Keeper {
        keeper.with_ledger(Arc::new(SqliteLedger::open(&folder.path().join("ledger"), id).unwrap()))
    }

    fn epochs(keeper: &Keeper) -> (u64, u64) {
        (keeper.load().unwrap().1.ledger().unwrap().epoch, keeper.ledger().unwrap().epoch().unwrap())
    }

    #[test]
    fn a_ledger_that_was_rolled_back_or_lost_begins_a_new_epoch_once() {
        let (folder, keeper, id) = kept();
        for _ in 0..2 {
            reconcile(&keeper).unwrap();
            assert_eq!(epochs(&keeper), (1, 1));
        }
        keeper.ledger().unwrap().use_once(&crate::ledger::SecretHash::of(b"x"), 9, 1).unwrap();
        reconcile(&keeper).unwrap();
        for name in ["ledger", "ledger-wal", "ledger-shm"] {
            let _ = std::fs::remove_file(folder.path().join(name));
        }
        let keeper = with_ledger(&folder, keeper, id);
        for _ in 0..2 {
            reconcile(&keeper).unwrap();
            assert_eq!(epochs(&keeper), (2, 2));
        }
    }

    #[test]
    fn a_document_that_was_rolled_back_begins_a_new_epoch() {
        let (_folder, keeper, _) = kept();
        let ledger = keeper.ledger().unwrap();
        ledger.begin_epoch(7).unwrap();
        reconcile(&keeper).unwrap();
        assert_eq!(epochs(&keeper), (8, 8));
    }

    #[test]
    fn an_epoch_that_the_document_begins_reaches_the_ledger() {
        let (_folder, keeper, _) = kept();
        keeper
            .change(|state| {
                let mut seal = state.ledger().unwrap().clone();
                seal.epoch = 5;
                Ok(Some(state.with_ledger(seal)?))
            })
            .unwrap();
        reconcile(&keeper).unwrap();
        assert_eq!(epochs(&keeper), (5, 5));
    }
}
