//! The ledger: people, sessions, codes and refresh tokens, as rows. A verb is one transaction.
//!
//! Keys, settings and clients stay in the sealed document. Only hashes of secrets are stored here. What every ledger must
//! do is stated by the tests in `ledger_suite.rs`.

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

/// People, sessions, codes and refresh tokens. Calls may block: on a disk, or on another process. Times are Unix seconds.
///
/// # Errors
/// Each verb fails with [`LedgerError`] if the ledger can't be read or written; then nothing has changed.
#[expect(clippy::missing_errors_doc, reason = "said once, for every verb")]
pub trait Ledger: Send + Sync + Debug {
    /// Adds a person. `false` if there is one of that name already.
    fn add_user(&self, user: &User) -> Result<bool, LedgerError>;

    /// Every person, by name.
    fn users(&self) -> Result<Vec<User>, LedgerError>;

    /// The person of that name, whatever its case.
    fn user_named(&self, name: &str) -> Result<Option<User>, LedgerError>;

    /// The person of that `sub`.
    fn user(&self, subject: &str) -> Result<Option<User>, LedgerError>;

    /// Lets a person log in, or not. Disabling ends the person's sessions, codes and refresh tokens. `false` if there is no
    /// such person.
    fn enable_user(&self, name: &str, enabled: bool, now: u64) -> Result<bool, LedgerError>;

    /// Removes a person with all that the person has. `false` if there is no such person.
    fn remove_user(&self, name: &str) -> Result<bool, LedgerError>;

    /// Gives a person another password, and ends the person's sessions, codes and refresh tokens. `false` if there is no such
    /// person.
    fn set_password(&self, name: &str, password: &str, now: u64) -> Result<bool, LedgerError>;

    /// Replaces what a person is called by others. `false` if there is no such person.
    fn set_profile(&self, name: &str, profile: &Profile) -> Result<bool, LedgerError>;

    /// Replaces the hash of a password by another hash of the same password, if it still is `old`.
    fn rehash_password(&self, subject: &str, old: &str, new: &str) -> Result<(), LedgerError>;

    /// Counts a try as a failure before its password is checked, so that tries at the same time count, too.
    fn begin_try(&self, attempt: &LoginTry) -> Result<TryOutcome, LedgerError>;

    /// Forgets the wrong passwords of a person in unknown browsers. `false` if there is no such person.
    fn forget_failures(&self, subject: &str) -> Result<bool, LedgerError>;

    /// Notes that a person logged in with the browser of that cookie, which takes the place of the one before.
    fn remember_browser(
        &self,
        browser: &SecretHash,
        replaced: Option<&SecretHash>,
        subject: &str,
        now: u64,
    ) -> Result<(), LedgerError>;

    /// Begins a session, and ends the one that it replaces.
    fn open_session(&self, session: &Session, replaced: Option<&SecretHash>) -> Result<(), LedgerError>;

    /// The session of that cookie with its person, if neither limit is over and the person is enabled. Notes that it was used.
    fn session(
        &self,
        hash: &SecretHash,
        limits: SessionLimits,
        now: u64,
    ) -> Result<Option<(Session, User)>, LedgerError>;

    /// Ends a session.
    fn close_session(&self, hash: &SecretHash) -> Result<(), LedgerError>;

    /// What a person allowed a client before.
    fn consent(&self, subject: &str, client: &str) -> Result<Option<Consent>, LedgerError>;

    /// Notes what a person allows a client from now on.
    fn give_consent(&self, subject: &str, client: &str, consent: &Consent) -> Result<(), LedgerError>;

    /// Stores a grant with the code that redeems it.
    fn issue_code(&self, code: &NewCode) -> Result<(), LedgerError>;

    /// Which grant a code redeems, whatever has become of it.
    fn grant_of_code(&self, code: &SecretHash) -> Result<Option<[u8; 16]>, LedgerError>;

    /// Redeems a code, once. A second use by the same client ends the grant; a wrong verifier or redirect address, too.
    fn redeem_code(&self, attempt: &CodeAttempt) -> Result<CodeOutcome, LedgerError>;

    /// The grant of that identifier, ended or not.
    fn grant(&self, id: &[u8; 16]) -> Result<Option<Grant>, LedgerError>;

    /// Uses a refresh token: its successor takes its place. The use of an old one ends the grant.
    fn refresh(&self, attempt: &RefreshAttempt) -> Result<RefreshOutcome, LedgerError>;

    /// Ends a grant of that client: its code and its refresh tokens are worth nothing. `false` if there is none.
    fn end_grant(&self, id: &[u8; 16], client: &str, now: u64) -> Result<bool, LedgerError>;

    /// Stores what a device asks for. `false` if another device has the same user code.
    fn begin_device(&self, device: &NewDevice) -> Result<bool, LedgerError>;

    /// What the device with that user code asks for, if it is not answered yet and the code is valid.
    fn device(&self, user_code: &str, now: u64) -> Result<Option<DeviceRequest>, LedgerError>;

    /// Answers a device. `false` if it was answered before, or its code has expired.
    fn answer_device(&self, user_code: &str, answer: &DeviceAnswer, now: u64) -> Result<bool, LedgerError>;

    /// The identifier of the grant that a device code may get.
    fn grant_of_device(&self, code: &SecretHash) -> Result<Option<[u8; 16]>, LedgerError>;

    /// Redeems a device code once its person has allowed it.
    fn poll_device(&self, attempt: &DevicePoll) -> Result<DeviceOutcome, LedgerError>;

    /// Notes a value that may be used once until then. `false` if it was used before.
    fn use_once(&self, value: &SecretHash, until: u64, now: u64) -> Result<bool, LedgerError>;

    /// Removes up to `limit` rows of each kind that are dead, and returns how many went.
    fn sweep(&self, limits: SessionLimits, now: u64, limit: u32) -> Result<u64, LedgerError>;

    /// The count of changes so far: it only rises.
    fn change_number(&self) -> Result<u64, LedgerError>;

    /// The epoch of new rows. Rows of earlier epochs have ended.
    fn epoch(&self) -> Result<u64, LedgerError>;

    /// Begins an epoch, or goes on in the present one: a lower number changes nothing. What may have been lost before is
    /// accounted for then.
    fn begin_epoch(&self, epoch: u64) -> Result<(), LedgerError>;

    /// Whether changes that were answered may be lost, because another server has taken over the database since the last
    /// [`Ledger::begin_epoch`]. Never for a file.
    fn may_have_lost(&self) -> Result<bool, LedgerError>;

    /// Whether the verbs about logins are refused until the next [`Ledger::begin_epoch`], because changes may be lost.
    fn is_waiting(&self) -> bool;
}
