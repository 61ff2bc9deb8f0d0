//! The verbs of the ledger as statements, the same for every database.

mod browsers;
mod devices;
mod grants;
mod people;
mod refresh;
mod sessions;

use super::rows::{Database, Row, Rows, one, run};
use super::{
    CodeAttempt, CodeOutcome, Consent, DeviceAnswer, DeviceOutcome, DevicePoll, DeviceRequest, Grant, Ledger,
    LedgerError, LoginTry, NewCode, NewDevice, Profile, RefreshAttempt, RefreshOutcome, SecretHash, Session,
    SessionLimits, TryOutcome, User,
};

impl<D: Database + std::fmt::Debug> Ledger for D {
    fn add_user(&self, user: &User) -> Result<bool, LedgerError> {
        let user = user.clone();
        self.call(move |rows| people::add(rows, &user))
    }

    fn users(&self) -> Result<Vec<User>, LedgerError> {
        self.call(people::all)
    }

    fn user_named(&self, name: &str) -> Result<Option<User>, LedgerError> {
        let key = people::name_key(name);
        self.call(move |rows| people::named(rows, &key))
    }

    fn user(&self, subject: &str) -> Result<Option<User>, LedgerError> {
        let subject = subject.to_owned();
        self.call(move |rows| people::find(rows, &subject))
    }

    fn enable_user(&self, name: &str, enabled: bool, now: u64) -> Result<bool, LedgerError> {
        let key = people::name_key(name);
        self.call(move |rows| people::enable(rows, &key, enabled, now))
    }

    fn remove_user(&self, name: &str) -> Result<bool, LedgerError> {
        let key = people::name_key(name);
        self.call(move |rows| people::remove(rows, &key))
    }

    fn set_password(&self, name: &str, password: &str, now: u64) -> Result<bool, LedgerError> {
        let (key, password) = (people::name_key(name), password.to_owned());
        self.call(move |rows| people::set_password(rows, &key, &password, now))
    }

    fn set_profile(&self, name: &str, profile: &Profile) -> Result<bool, LedgerError> {
        let (key, profile) = (people::name_key(name), profile.clone());
        self.call(move |rows| people::set_profile(rows, &key, &profile))
    }

    fn rehash_password(&self, subject: &str, old: &str, new: &str) -> Result<(), LedgerError> {
        let [subject, old, new] = [subject, old, new].map(str::to_owned);
        self.call(move |rows| people::rehash(rows, &subject, &old, &new))
    }

    fn begin_try(&self, attempt: &LoginTry) -> Result<TryOutcome, LedgerError> {
        let attempt = attempt.clone();
        self.call(move |rows| browsers::begin_try(rows, &attempt))
    }

    fn forget_failures(&self, subject: &str) -> Result<bool, LedgerError> {
        let subject = subject.to_owned();
        self.call(move |rows| people::forget_failures(rows, &subject))
    }

    fn remember_browser(
        &self,
        browser: &SecretHash,
        replaced: Option<&SecretHash>,
        subject: &str,
        now: u64,
    ) -> Result<(), LedgerError> {
        let (browser, replaced, subject) = (*browser, replaced.copied(), subject.to_owned());
        self.call(move |rows| browsers::remember(rows, &browser, replaced.as_ref(), &subject, now))
    }

    fn open_session(&self, session: &Session, replaced: Option<&SecretHash>) -> Result<(), LedgerError> {
        let (session, replaced) = (session.clone(), replaced.copied());
        self.call(move |rows| sessions::open(rows, &session, replaced.as_ref()))
    }

    fn session(
        &self,
        hash: &SecretHash,
        limits: SessionLimits,
        now: u64,
    ) -> Result<Option<(Session, User)>, LedgerError> {
        let hash = *hash;
        self.call(move |rows| sessions::find(rows, &hash, limits, now))
    }

    fn close_session(&self, hash: &SecretHash) -> Result<(), LedgerError> {
        let hash = *hash;
        self.call(move |rows| sessions::close(rows, &hash))
    }

    fn consent(&self, subject: &str, client: &str) -> Result<Option<Consent>, LedgerError> {
        let [subject, client] = [subject, client].map(str::to_owned);
        self.call(move |rows| sessions::consent(rows, &subject, &client))
    }

    fn give_consent(&self, subject: &str, client: &str, consent: &Consent) -> Result<(), LedgerError> {
        let ([subject, client], consent) = ([subject, client].map(str::to_owned), consent.clone());
        self.call(move |rows| sessions::give_consent(rows, &subject, &client, &consent))
    }

    fn issue_code(&self, code: &NewCode) -> Result<(), LedgerError> {
        let code = code.clone();
        self.call(move |rows| grants::issue(rows, &code))
    }

    fn grant_of_code(&self, code: &SecretHash) -> Result<Option<[u8; 16]>, LedgerError> {
        let code = *code;
        self.call(move |rows| {
            one(rows, "SELECT grant_id FROM codes WHERE hash = ?1", [code.as_bytes()], |row| row.get(0))
        })
    }

    fn redeem_code(&self, attempt: &CodeAttempt) -> Result<CodeOutcome, LedgerError> {
        let attempt = attempt.clone();
        self.call(move |rows| grants::redeem(rows, &attempt))
    }

    fn grant(&self, id: &[u8; 16]) -> Result<Option<Grant>, LedgerError> {
        let id = *id;
        self.call(move |rows| grants::find(rows, &id))
    }

    fn refresh(&self, attempt: &RefreshAttempt) -> Result<RefreshOutcome, LedgerError> {
        let attempt = attempt.clone();
        self.call(move |rows| refresh::refresh(rows, &attempt))
    }

    fn end_grant(&self, id: &[u8; 16], client: &str, now: u64) -> Result<bool, LedgerError> {
        let (id, client) = (*id, client.to_owned());
        self.call(move |rows| grants::end_of(rows, &id, &client, now))
    }

    fn begin_device(&self, device: &NewDevice) -> Result<bool, LedgerError> {
        let device = device.clone();
        self.call(move |rows| devices::begin(rows, &device))
    }

    fn device(&self, user_code: &str, now: u64) -> Result<Option<DeviceRequest>, LedgerError> {
        let user_code = user_code.to_owned();
        self.call(move |rows| devices::find(rows, &user_code, now))
    }

    fn answer_device(&self, user_code: &str, answer: &DeviceAnswer, now: u64) -> Result<bool, LedgerError> {
        let (user_code, answer) = (user_code.to_owned(), answer.clone());
        self.call(move |rows| devices::answer(rows, &user_code, &answer, now))
    }

    fn grant_of_device(&self, code: &SecretHash) -> Result<Option<[u8; 16]>, LedgerError> {
        let code = *code;
        self.call(move |rows| devices::grant_of(rows, &code))
    }

    fn poll_device(&self, attempt: &DevicePoll) -> Result<DeviceOutcome, LedgerError> {
        let attempt = attempt.clone();
        self.call(move |rows| devices::poll(rows, &attempt))
    }

    fn use_once(&self, value: &SecretHash, until: u64, now: u64) -> Result<bool, LedgerError> {
        let value = *value;
        self.call(move |rows| grants::use_once(rows, &value, until, now))
    }

    fn sweep(&self, limits: SessionLimits, now: u64, limit: u32) -> Result<u64, LedgerError> {
        self.call(move |rows| refresh::sweep(rows, limits, now, limit))
    }

    fn change_number(&self) -> Result<u64, LedgerError> {
        self.look(|rows| {
            one(rows, Self::CHANGES, NOTHING, |row| number(row, 0)).map(Option::unwrap_or_default)
        })
    }

    fn epoch(&self) -> Result<u64, LedgerError> {
        self.look(epoch)
    }

    fn begin_epoch(&self, epoch: u64) -> Result<(), LedgerError> {
        self.settle(move |rows| {
            run(rows, "UPDATE meta SET epoch = ?1 WHERE epoch < ?1", [signed(epoch)]).map(drop)
        })
    }

    fn may_have_lost(&self) -> Result<bool, LedgerError> {
        Database::may_have_lost(self)
    }

    fn is_waiting(&self) -> bool {
        Database::is_waiting(self)
    }
}

/// The epoch of new rows.
fn epoch(rows: &dyn Rows) -> Result<u64, LedgerError> {
    one(rows, "SELECT epoch FROM meta", NOTHING, |row| number(row, 0)).map(Option::unwrap_or_default)
}

/// A number as databases have it. Times and counts are far below its limit.
const fn signed(number: u64) -> i64 {
    number.cast_signed()
}

fn number(row: &Row, column: usize) -> Result<u64, LedgerError> {
    row.get::<i64>(column).map(i64::cast_unsigned)
}

/// Words in one column. None of them contains a line feed.
fn joined(words: &[String]) -> String {
    words.join("\n")
}

fn words(row: &Row, column: usize) -> Result<Vec<String>, LedgerError> {
    let text: String = row.get(column)?;
    Ok(text.split('\n').filter(|word| !word.is_empty()).map(str::to_owned).collect())
}

fn hash(row: &Row, column: usize) -> Result<SecretHash, LedgerError> {
    row.get(column).map(SecretHash::from_bytes)
}

/// No parameters.
const NOTHING: [i64; 0] = [];
