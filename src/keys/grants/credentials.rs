//! Checks a name and a password against the ledger, within the limits of the account.

use super::{People, on_ledger};
use crate::ledger::{LedgerError, LoginTry, SecretHash, TryLimits, TryOutcome, User};

/// The authentication context of a login with a password. Listed in `acr_values_supported`.
pub(crate) const ACR: &str = "urn:jotgate:acr:password";
/// The authentication method in `amr` (RFC 8176 §2).
pub(crate) const METHOD: &str = "pwd";

/// The result of the check of a name and a password.
#[derive(Debug)]
pub(crate) enum PasswordOutcome {
    /// The person.
    Right(User),
    /// The person is unknown or disabled, or the password is wrong. The response does not say which.
    Wrong,
    /// There were too many wrong passwords: try again after so many seconds.
    TooMany { after: u64 },
    /// Too many passwords wait to be checked.
    Crowded,
}

/// The limits: 20 wrong passwords in a row in a known browser, 100 in all other browsers together. Then one try every 10 minutes.
const LIMITS: TryLimits = TryLimits { known: 20, unknown: 100, pause: 600 };

/// Checks a password. A wrong one counts for the known browser, or in an unknown browser for the account.
pub(crate) async fn check_credentials(
    people: &People,
    name: &str,
    password: &str,
    browser: Option<SecretHash>,
    now: u64,
) -> Result<PasswordOutcome, LedgerError> {
    let name = name.to_owned();
    let user = on_ledger(&people.ledger, move |ledger| ledger.user_named(&name)).await?;
    // Requests that have to wait are refused before they enter the queue.
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
