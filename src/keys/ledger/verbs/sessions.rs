//! The verbs about sessions and consent.

use super::people;
use super::{epoch, hash, joined, number, signed, words};
use crate::ledger::rows::{Rows, one, run};
use crate::ledger::{Consent, LedgerError, SecretHash, Session, SessionLimits, User};

/// How long the use of a session may go unnoted, in seconds: not each page is worth a change.
const UNNOTED: u64 = 60;

pub(super) fn open(
    rows: &dyn Rows,
    session: &Session,
    replaced: Option<&SecretHash>,
) -> Result<(), LedgerError> {
    if let Some(replaced) = replaced {
        close(rows, replaced)?;
    }
    let sql = "INSERT INTO sessions (hash, subject, authenticated, methods, last_seen, epoch) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let Session { hash, subject, authenticated, methods, last_seen } = session;
    let times = (signed(*authenticated), signed(*last_seen), signed(epoch(rows)?));
    run(rows, sql, (hash.as_bytes(), subject, times.0, joined(methods), times.1, times.2)).map(drop)
}

pub(super) fn find(
    rows: &dyn Rows,
    cookie: &SecretHash,
    limits: SessionLimits,
    now: u64,
) -> Result<Option<(Session, User)>, LedgerError> {
    let sql = "SELECT hash, subject, authenticated, methods, last_seen FROM sessions
               WHERE hash = ?1 AND epoch = (SELECT epoch FROM meta)";
    let found = one(rows, sql, [cookie.as_bytes()], |row| {
        Ok(Session {
            hash: hash(row, 0)?,
            subject: row.get(1)?,
            authenticated: number(row, 2)?,
            methods: words(row, 3)?,
            last_seen: number(row, 4)?,
        })
    })?;
    let alive = |session: &Session| {
        now < session.last_seen.saturating_add(limits.idle)
            && now < session.authenticated.saturating_add(limits.absolute)
    };
    let Some(session) = found.filter(alive) else { return Ok(None) };
    let user = people::find(rows, &session.subject)?.filter(|user| !user.disabled);
    if user.is_some() && now >= session.last_seen.saturating_add(UNNOTED) {
        run(rows, "UPDATE sessions SET last_seen = ?2 WHERE hash = ?1", (cookie.as_bytes(), signed(now)))?;
    }
    Ok(user.map(|user| (session, user)))
}

pub(super) fn close(rows: &dyn Rows, cookie: &SecretHash) -> Result<(), LedgerError> {
    run(rows, "DELETE FROM sessions WHERE hash = ?1", [cookie.as_bytes()]).map(drop)
}

pub(super) fn consent(rows: &dyn Rows, subject: &str, client: &str) -> Result<Option<Consent>, LedgerError> {
    let sql = "SELECT scopes, audiences, given FROM consents WHERE subject = ?1 AND client = ?2";
    one(rows, sql, (subject, client), |row| {
        Ok(Consent { scopes: words(row, 0)?, audiences: words(row, 1)?, given: number(row, 2)? })
    })
}

pub(super) fn give_consent(
    rows: &dyn Rows,
    subject: &str,
    client: &str,
    Consent { scopes, audiences, given }: &Consent,
) -> Result<(), LedgerError> {
    let sql = "INSERT INTO consents (subject, client, scopes, audiences, given) VALUES (?1, ?2, ?3, ?4, ?5)
               ON CONFLICT (subject, client) DO UPDATE SET
               scopes = excluded.scopes, audiences = excluded.audiences, given = excluded.given";
    run(rows, sql, (subject, client, joined(scopes), joined(audiences), signed(*given))).map(drop)
}
