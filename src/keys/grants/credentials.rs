//! Compares a name and a password with the ledger, within the limits of an account.

use super::{People, on_ledger};
use crate::ledger::{LedgerError, LoginTry, SecretHash, TryLimits, TryOutcome, User};

/// How a person proves who it is here: a password alone. Announced in `acr_values_supported`.
pub(crate) const ACR: &str = "urn:jotgate:acr:password";
/// The same for `amr` (RFC 8176 §2).
pub(crate) const METHOD: &str = "pwd";

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

/// A known browser has 20 wrong passwords in a row, all others have 100 together; then one try each 10 minutes.
const LIMITS: TryLimits = TryLimits { known: 20, unknown: 100, pause: 600 };

/// Checks a password. A wrong one counts for the browser in which the person logged in before, or for the account.
pub(crate) async fn check_credentials(
    people: &People,
    name: &str,
    password: &str,
    browser: Option<SecretHash>,
    now: u64,
) -> Result<PasswordOutcome, LedgerError> {
    let name = name.to_owned();
    let user = on_ledger(&people.ledger, move |ledger| ledger.user_named(&name)).await?;
    // Those who have to wait take no place in the queue.
    if let Some(user) = user.as_ref().filter(|user| user.failures >= LIMITS.unknown && browser.is_none()) {
        let passed = now.checked_sub(user.last_failure).unwrap_or(LIMITS.pause);
        if passed < LIMITS.pause {
            return Ok(PasswordOutcome::TooMany { after: LIMITS.pause - passed });
        }
    }
    let Ok(turn) = people.passwords.turn().await else { return Ok(PasswordOutcome::Crowded) };
    let mut limited = false;
    if let Some(user) = &user {
        let attempt = LoginTry { subject: user.subject.clone(), browser, limits: LIMITS, now };
        match on_ledger(&people.ledger, move |ledger| ledger.begin_try(&attempt)).await? {
            TryOutcome::Wait { after } => return Ok(PasswordOutcome::TooMany { after }),
            TryOutcome::Allowed { known, failures } => limited = !known && failures == LIMITS.unknown,
        }
    }
    let stored = user.as_ref().map(|user| user.password.as_str());
    let checked = turn.check(password, stored).await.map_err(|_| LedgerError::Row { table: "users" })?;
    let Some(user) = user else { return Ok(PasswordOutcome::Wrong) };
    if !checked.right {
        if limited {
            tracing::warn!(
                event = "account_limited",
                subject = user.subject,
                failures = LIMITS.unknown,
                "many wrong passwords in a row: unknown browsers have one try each 10 min"
            );
        }
        return Ok(PasswordOutcome::Wrong);
    }
    if user.disabled {
        return Ok(PasswordOutcome::Wrong);
    }
    if let Some(rehashed) = checked.rehashed {
        let (subject, old) = (user.subject.clone(), user.password.clone());
        on_ledger(&people.ledger, move |ledger| ledger.rehash_password(&subject, &old, &rehashed)).await?;
    }
    Ok(PasswordOutcome::Right(user))
}
