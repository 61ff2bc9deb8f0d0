//! The ledger: people, sessions, codes and refresh tokens, as rows of a database. Each operation ("verb") is one transaction.
//!
//! Keys, settings and clients are in the sealed document. The ledger stores only hashes of secrets. The tests in `ledger_suite.rs` define
//! the behaviour of every ledger.

mod device_records;
#[cfg(test)]
mod device_suite;
mod error;
#[cfg(test)]
mod ledger_suite;
mod postgres;
mod records;
mod rows;
mod secret;
mod sqlite;
mod upkeep;
mod verbs;

use std::fmt::Debug;

pub use device_records::{DeviceAnswer, DeviceOutcome, DevicePoll, DeviceRequest, NewDevice};
pub use error::LedgerError;
pub use postgres::PostgresLedger;
pub use records::{
    CodeAttempt, CodeOutcome, Consent, Grant, LedgerStamp, LoginTry, NewCode, Profile, RefreshAttempt,
    RefreshOutcome, Session, SessionLimits, TryLimits, TryOutcome, User,
};
pub(crate) use rows::{Row, Rows, Value};
pub use secret::{Secret, SecretHash};
pub use sqlite::SqliteLedger;
pub(crate) use upkeep::{reconcile, upkeep};

/// Stores people, sessions, codes and refresh tokens. Calls may block on a disk or on another process. Times are Unix seconds.
///
/// # Errors
/// Each operation fails with [`LedgerError`] if the ledger cannot be read or written. Then nothing has changed.
#[expect(clippy::missing_errors_doc, reason = "said once, for every verb")]
pub trait Ledger: Send + Sync + Debug {
    /// Adds a person. Returns `false` if the name is taken.
    fn add_user(&self, user: &User) -> Result<bool, LedgerError>;

    /// Returns all people, by name.
    fn users(&self) -> Result<Vec<User>, LedgerError>;

    /// Returns the person with that name, ignoring case.
    fn user_named(&self, name: &str) -> Result<Option<User>, LedgerError>;

    /// Returns the person with that `sub`.
    fn user(&self, subject: &str) -> Result<Option<User>, LedgerError>;

    /// Enables or disables a person. Disabling ends the person's sessions, codes and refresh tokens. Returns `false` if there is no such
    /// person.
    fn enable_user(&self, name: &str, enabled: bool, now: u64) -> Result<bool, LedgerError>;

    /// Removes a person and all the person's rows. Returns `false` if there is no such person.
    fn remove_user(&self, name: &str) -> Result<bool, LedgerError>;

    /// Replaces a password, and ends the person's sessions, codes and refresh tokens. Returns `false` if there is no such person.
    fn set_password(&self, name: &str, password: &str, now: u64) -> Result<bool, LedgerError>;

    /// Replaces the profile of a person. Returns `false` if there is no such person.
    fn set_profile(&self, name: &str, profile: &Profile) -> Result<bool, LedgerError>;

    /// Replaces the hash of a password by another hash of the same password, if the hash is still `old`.
    fn rehash_password(&self, subject: &str, old: &str, new: &str) -> Result<(), LedgerError>;

    /// Counts a login attempt as a failure before its password is checked, so that concurrent attempts count, too.
    fn begin_try(&self, attempt: &LoginTry) -> Result<TryOutcome, LedgerError>;

    /// Resets the count of a person's wrong passwords in unknown browsers. Returns `false` if there is no such person.
    fn forget_failures(&self, subject: &str) -> Result<bool, LedgerError>;

    /// Records that a person logged in with the browser that has this cookie, which replaces its previous cookie.
    fn remember_browser(
        &self,
        browser: &SecretHash,
        replaced: Option<&SecretHash>,
        subject: &str,
        now: u64,
    ) -> Result<(), LedgerError>;

    /// Stores a new session, and ends the one that it replaces.
    fn open_session(&self, session: &Session, replaced: Option<&SecretHash>) -> Result<(), LedgerError>;

    /// Returns the session with that cookie and its person, if the session has not expired and the person is enabled. Records its use.
    fn session(
        &self,
        hash: &SecretHash,
        limits: SessionLimits,
        now: u64,
    ) -> Result<Option<(Session, User)>, LedgerError>;

    /// Ends a session.
    fn close_session(&self, hash: &SecretHash) -> Result<(), LedgerError>;

    /// Returns the consent of a person for a client.
    fn consent(&self, subject: &str, client: &str) -> Result<Option<Consent>, LedgerError>;

    /// Stores the consent of a person for a client.
    fn give_consent(&self, subject: &str, client: &str, consent: &Consent) -> Result<(), LedgerError>;

    /// Stores a grant with the code that redeems it.
    fn issue_code(&self, code: &NewCode) -> Result<(), LedgerError>;

    /// Returns the grant of a code, even if the code was used or has expired.
    fn grant_of_code(&self, code: &SecretHash) -> Result<Option<[u8; 16]>, LedgerError>;

    /// Redeems a code once. A second use by the same client ends the grant, and so does a wrong verifier or redirect URI.
    fn redeem_code(&self, attempt: &CodeAttempt) -> Result<CodeOutcome, LedgerError>;

    /// Returns the grant with that identifier, ended or not.
    fn grant(&self, id: &[u8; 16]) -> Result<Option<Grant>, LedgerError>;

    /// Replaces a refresh token by its successor. The use of an old token ends the grant.
    fn refresh(&self, attempt: &RefreshAttempt) -> Result<RefreshOutcome, LedgerError>;

    /// Ends a grant of a client, and thus its code and its refresh tokens. Returns `false` if there is no such grant.
    fn end_grant(&self, id: &[u8; 16], client: &str, now: u64) -> Result<bool, LedgerError>;

    /// Stores the request of a device. Returns `false` if another device has the same user code.
    fn begin_device(&self, device: &NewDevice) -> Result<bool, LedgerError>;

    /// Returns the request with that user code, if it is not answered yet and the code is valid.
    fn device(&self, user_code: &str, now: u64) -> Result<Option<DeviceRequest>, LedgerError>;

    /// Stores the answer for a device. Returns `false` if it was answered before, or if its code has expired.
    fn answer_device(&self, user_code: &str, answer: &DeviceAnswer, now: u64) -> Result<bool, LedgerError>;

    /// Returns the identifier of the grant for a device code.
    fn grant_of_device(&self, code: &SecretHash) -> Result<Option<[u8; 16]>, LedgerError>;

    /// Redeems a device code, if the person has allowed it.
    fn poll_device(&self, attempt: &DevicePoll) -> Result<DeviceOutcome, LedgerError>;

    /// Stores a value that may be used once until `until`. Returns `false` if it was used before.
    fn use_once(&self, value: &SecretHash, until: u64, now: u64) -> Result<bool, LedgerError>;

    /// Removes up to `limit` expired rows of each kind, and returns their number.
    fn sweep(&self, limits: SessionLimits, now: u64, limit: u32) -> Result<u64, LedgerError>;

    /// Returns the count of changes, which never decreases.
    fn change_number(&self) -> Result<u64, LedgerError>;

    /// Returns the current epoch. Sessions, codes and tokens of earlier epochs are invalid.
    fn epoch(&self) -> Result<u64, LedgerError>;

    /// Begins an epoch. A number that is not higher than the current one changes nothing. Afterwards, changes that may have been lost
    /// before no longer matter.
    fn begin_epoch(&self, epoch: u64) -> Result<(), LedgerError>;

    /// Whether confirmed changes may be lost, because another server has taken over the database since the last
    /// [`Ledger::begin_epoch`]. Always `false` for a file.
    fn may_have_lost(&self) -> Result<bool, LedgerError>;

    /// Whether operations for logins are refused until the next [`Ledger::begin_epoch`], because changes may be lost.
    fn is_waiting(&self) -> bool;
}
