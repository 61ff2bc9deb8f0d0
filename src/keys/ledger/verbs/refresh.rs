//! The verbs about refresh tokens, and the sweep.

use super::grants::{end, find, tokens};
use super::{browsers, devices, epoch, signed};
use crate::ledger::rows::{Rows, run};
use crate::ledger::{LedgerError, RefreshAttempt, RefreshOutcome, SessionLimits};

/// The lifetime of a refresh token without use, in seconds.
const IDLE: u64 = 30 * 86_400;
/// The lifetime of the refresh tokens of one login, in seconds.
const ABSOLUTE: u64 = 90 * 86_400;
/// The time after its use in which a token returns the same successor again, in seconds.
const REPEAT_TIME: u64 = 60;
/// The number of times that it does so.
const REPEATS: u64 = 2;

pub(super) fn refresh(rows: &dyn Rows, attempt: &RefreshAttempt) -> Result<RefreshOutcome, LedgerError> {
    let grant = find(rows, &attempt.grant)?.filter(|grant| grant.client == attempt.client);
    let (Some(grant), Some(known)) = (grant, tokens(rows, &attempt.grant)?) else {
        return Ok(RefreshOutcome::Unknown);
    };
    let now = attempt.now;
    let over = now >= known.rotated.saturating_add(IDLE) || now >= grant.created.saturating_add(ABSOLUTE);
    let Some(valid) = known.valid.filter(|_| grant.ended.is_none() && !over) else {
        return Ok(RefreshOutcome::Expired);
    };
    // RFC 9449 §5: the tokens of a public client are bound to its key. A confidential client is bound by its secret.
    if attempt.public && grant.jkt.is_some() && grant.jkt != attempt.jkt {
        return Ok(RefreshOutcome::ProofKey);
    }
    if attempt.presented.same(&valid) {
        let sql =
            "UPDATE grants SET generation = generation + 1, before = valid, valid = ?2, derived_by = ?3,
                   rotated = ?4, repeats = 0 WHERE id = ?1";
        run(rows, sql, (grant.id, attempt.successor.as_bytes(), &attempt.key, signed(now)))?;
        return Ok(RefreshOutcome::Rotated(grant));
    }
    let is_before = known.before.is_some_and(|before| attempt.presented.same(&before));
    let in_time = now < known.rotated.saturating_add(REPEAT_TIME) && known.repeats < REPEATS;
    if let (true, true, Some(key)) = (is_before, in_time, known.derived_by) {
        let sql = "UPDATE grants SET repeats = repeats + 1 WHERE id = ?1";
        run(rows, sql, [grant.id])?;
        return Ok(RefreshOutcome::Repeated { grant, key, repeats: known.repeats + 1 });
    }
    // Only someone who had a token of this grant knows the grant. So an older token was used twice, or a token was altered.
    end(rows, &grant.id, now)?;
    Ok(RefreshOutcome::Reused(grant))
}

/// Removes expired rows, up to `limit` of each kind.
pub(super) fn sweep(
    rows: &dyn Rows,
    limits: SessionLimits,
    now: u64,
    limit: u32,
) -> Result<u64, LedgerError> {
    let ago = |seconds: u64| signed(now.saturating_sub(seconds));
    let epoch = epoch(rows)?;
    let mut gone = run(
        rows,
        "DELETE FROM sessions WHERE hash IN (SELECT hash FROM sessions
         WHERE last_seen <= ?1 OR authenticated <= ?2 OR epoch < ?3 LIMIT ?4)",
        (ago(limits.idle), ago(limits.absolute), signed(epoch), limit),
    )?;
    // A grant without refresh tokens is kept for a day, so that a second use of its code is still detected.
    gone += run(
        rows,
        "DELETE FROM grants WHERE id IN (SELECT id FROM grants
         WHERE created <= ?1 OR epoch < ?2 OR created <= ?3 AND (ended IS NOT NULL OR valid IS NULL OR rotated <= ?4)
         LIMIT ?5)",
        (ago(ABSOLUTE), signed(epoch), ago(86_400), ago(IDLE), limit),
    )?;
    gone += run(
        rows,
        "DELETE FROM once WHERE hash IN (SELECT hash FROM once WHERE until < ?1 LIMIT ?2)",
        (signed(now), limit),
    )?;
    gone += browsers::sweep(rows, now, limit)?;
    gone += devices::sweep(rows, now, limit)?;
    Ok(u64::try_from(gone).unwrap_or(u64::MAX))
}
