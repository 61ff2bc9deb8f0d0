//! Compares a name and a password with the ledger, within the limits of an account.

use crate::grants::{People, on_ledger};
use crate::ledger::{LedgerError, User};
use crate::people::PasswordError;

/// What came of a name and a password.
#[derive(Debug)]
pub(crate) enum PasswordOutcome {
    /// The person.
    Right(User),
    /// The person is unknown or disabled, or the password is wrong. Which of them is not said.
    Wrong,
    /// There were too many wrong passwords: try again after so many seconds.
    TooMany { after: u64 },
    /// Too many passwords wait to be checked.
    Crowded,
}

/// After so many wrong passwords in a row, one try is allowed each [`PAUSE`] seconds.
const MOST_FAILURES: u64 = 100;
const PAUSE: u64 = 600;

/// Checks a password. A wrong one counts for the account.
pub(crate) async fn check_credentials(
    people: &People,
    name: &str,
    password: &str,
    now: u64,
) -> Result<PasswordOutcome, LedgerError> {
    let name = name.to_owned();
    let user = on_ledger(&people.ledger, move |ledger| ledger.user_named(&name)).await?;
    if let Some(user) = user.as_ref().filter(|user| user.failures >= MOST_FAILURES) {
        let until = user.last_failure.saturating_add(PAUSE);
        if now < until {
            return Ok(PasswordOutcome::TooMany { after: until.saturating_sub(now) });
        }
    }
    let stored = user.as_ref().map(|user| user.password.as_str());
    let checked = match people.passwords.check(password, stored).await {
        Ok(checked) => checked,
        Err(PasswordError::Crowded) => return Ok(PasswordOutcome::Crowded),
        Err(PasswordError::NotHashed) => return Err(LedgerError::Row { table: "users" }),
    };
    let Some(user) = user else { return Ok(PasswordOutcome::Wrong) };
    let subject = user.subject.clone();
    if !checked.right {
        let failures = on_ledger(&people.ledger, move |ledger| ledger.count_failure(&subject, now)).await?;
        if failures == MOST_FAILURES {
            tracing::warn!(
                event = "account_limited",
                subject = user.subject,
                failures,
                "many wrong passwords in a row"
            );
        }
        return Ok(PasswordOutcome::Wrong);
    }
    if user.disabled {
        return Ok(PasswordOutcome::Wrong);
    }
    if let Some(rehashed) = checked.rehashed {
        let old = user.password.clone();
        on_ledger(&people.ledger, move |ledger| ledger.rehash_password(&subject, &old, &rehashed)).await?;
    }
    Ok(PasswordOutcome::Right(user))
}
