//! The verbs about tries to log in, and about browsers in which a person logged in before.

use super::{number, signed};
use crate::ledger::rows::{Rows, one, one_locked, run};
use crate::ledger::{LedgerError, LoginTry, SecretHash, TryOutcome};

/// How long a browser stays known without a login, in seconds.
const KNOWN_FOR: u64 = 365 * 86_400;
/// How many browsers of one person are known.
const MOST_BROWSERS: u32 = 50;

pub(super) fn begin_try(rows: &dyn Rows, attempt: &LoginTry) -> Result<TryOutcome, LedgerError> {
    let LoginTry { subject, browser, limits, now } = attempt;
    if let Some(browser) = browser {
        let whose = (browser.as_bytes(), subject);
        let sql =
            "UPDATE browsers SET failures = failures + 1 WHERE hash = ?1 AND subject = ?2 RETURNING failures";
        match one(rows, sql, whose, |row| number(row, 0))? {
            Some(failures) if failures <= limits.known => {
                return Ok(TryOutcome::Allowed { known: true, failures });
            }
            Some(_) => {
                run(rows, "DELETE FROM browsers WHERE hash = ?1 AND subject = ?2", whose)?;
            }
            None => {}
        }
    }
    let sql = "SELECT failures, last_failure FROM users WHERE subject = ?1";
    let found = one_locked(rows, sql, [subject], |row| Ok((number(row, 0)?, number(row, 1)?)))?;
    let (failures, last) = found.unwrap_or_default();
    // A last failure in the future is one of a clock that was wrong.
    let passed = now.checked_sub(last).unwrap_or(limits.pause);
    if failures >= limits.unknown && passed < limits.pause {
        return Ok(TryOutcome::Wait { after: limits.pause - passed });
    }
    let sql = "UPDATE users SET failures = failures + 1, last_failure = ?2 WHERE subject = ?1";
    run(rows, sql, (subject, signed(*now)))?;
    Ok(TryOutcome::Allowed { known: false, failures: failures.saturating_add(1) })
}

pub(super) fn remember(
    rows: &dyn Rows,
    browser: &SecretHash,
    replaced: Option<&SecretHash>,
    subject: &str,
    now: u64,
) -> Result<(), LedgerError> {
    // Other people who use the same browser stay known in it.
    if let Some(replaced) = replaced {
        run(
            rows,
            "UPDATE browsers SET hash = ?1 WHERE hash = ?2",
            (browser.as_bytes(), replaced.as_bytes()),
        )?;
    }
    let sql = "INSERT INTO browsers (hash, subject, failures, used) VALUES (?1, ?2, 0, ?3)
               ON CONFLICT (hash, subject) DO UPDATE SET failures = 0, used = excluded.used";
    run(rows, sql, (browser.as_bytes(), subject, signed(now)))?;
    let sql = "DELETE FROM browsers WHERE subject = ?1 AND hash NOT IN
               (SELECT hash FROM browsers WHERE subject = ?1 ORDER BY used DESC LIMIT ?2)";
    run(rows, sql, (subject, MOST_BROWSERS)).map(drop)
}

/// Removes browsers that were not used for long; how many went.
pub(super) fn sweep(rows: &dyn Rows, now: u64, limit: u32) -> Result<usize, LedgerError> {
    let sql = "DELETE FROM browsers WHERE (hash, subject) IN
               (SELECT hash, subject FROM browsers WHERE used <= ?1 LIMIT ?2)";
    run(rows, sql, (signed(now.saturating_sub(KNOWN_FOR)), limit))
}
