//! The verbs about grants and codes.

use super::{epoch, joined, number, signed, words};
use crate::ledger::rows::{Row, Rows, one, one_locked, run};
use crate::ledger::{CodeAttempt, CodeOutcome, Grant, LedgerError, NewCode, SecretHash};

const COLUMNS: &str = "id, subject, client, scopes, audiences, offline, authenticated, acr, methods, jkt, created, ended,
    (SELECT nonce FROM openid_grants WHERE grant_id = id), (SELECT sid FROM openid_grants WHERE grant_id = id)";

fn read(row: &Row) -> Result<Grant, LedgerError> {
    Ok(Grant {
        id: row.get(0)?,
        subject: row.get(1)?,
        client: row.get(2)?,
        scopes: words(row, 3)?,
        audiences: words(row, 4)?,
        offline: row.get(5)?,
        authenticated: number(row, 6)?,
        acr: row.get(7)?,
        methods: words(row, 8)?,
        jkt: row.get(9)?,
        created: number(row, 10)?,
        ended: row.get::<Option<i64>>(11)?.map(i64::cast_unsigned),
        nonce: row.get(12)?,
        sid: row.get(13)?,
    })
}

/// The grant of that identifier. One of an earlier epoch has ended.
pub(super) fn find(rows: &dyn Rows, id: &[u8; 16]) -> Result<Option<Grant>, LedgerError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM grants WHERE id = ?1 AND epoch = (SELECT epoch FROM meta)
         AND subject IN (SELECT subject FROM users WHERE NOT disabled)"
    );
    one_locked(rows, &sql, [id], read)
}

pub(super) fn issue(rows: &dyn Rows, code: &NewCode) -> Result<(), LedgerError> {
    add(rows, &code.grant)?;
    let sql =
        "INSERT INTO codes (hash, grant_id, redirect_uri, challenge, expires) VALUES (?1, ?2, ?3, ?4, ?5)";
    let row =
        (code.hash.as_bytes(), code.grant.id, &code.redirect_uri, &code.challenge, signed(code.expires));
    run(rows, sql, row).map(drop)
}

/// Stores a grant.
pub(super) fn add(rows: &dyn Rows, grant: &Grant) -> Result<(), LedgerError> {
    let sql = "INSERT INTO grants (id, subject, client, scopes, audiences, offline, authenticated, acr, methods, jkt,
               created, epoch) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    let row = (
        grant.id,
        &grant.subject,
        &grant.client,
        joined(&grant.scopes),
        joined(&grant.audiences),
        grant.offline,
        signed(grant.authenticated),
        &grant.acr,
        joined(&grant.methods),
        &grant.jkt,
        signed(grant.created),
        signed(epoch(rows)?),
    );
    run(rows, sql, row)?;
    if grant.nonce.is_some() || grant.sid.is_some() {
        let sql = "INSERT INTO openid_grants (grant_id, nonce, sid) VALUES (?1, ?2, ?3)";
        run(rows, sql, (grant.id, &grant.nonce, &grant.sid))?;
    }
    Ok(())
}

struct Code {
    grant: [u8; 16],
    redirect_uri: Option<String>,
    challenge: Option<String>,
    expires: u64,
    used: bool,
}

pub(super) fn redeem(rows: &dyn Rows, attempt: &CodeAttempt) -> Result<CodeOutcome, LedgerError> {
    let sql = "SELECT grant_id, redirect_uri, challenge, expires, used FROM codes WHERE hash = ?1";
    let found = one_locked(rows, sql, [attempt.hash.as_bytes()], |row| {
        Ok(Code {
            grant: row.get(0)?,
            redirect_uri: row.get(1)?,
            challenge: row.get(2)?,
            expires: number(row, 3)?,
            used: row.get(4)?,
        })
    })?;
    let Some(code) = found else { return Ok(CodeOutcome::Unknown) };
    let grant = find(rows, &code.grant)?.filter(|grant| grant.client == attempt.client);
    let Some(mut grant) = grant else { return Ok(CodeOutcome::Unknown) };
    if code.used {
        end(rows, &grant.id, attempt.now)?;
        return Ok(CodeOutcome::Reused(grant));
    }
    if attempt.now >= code.expires || grant.ended.is_some() {
        return Ok(CodeOutcome::Expired);
    }
    // It is used from here on, whatever is wrong with the request.
    let used =
        run(rows, "UPDATE codes SET used = TRUE WHERE hash = ?1 AND NOT used", [attempt.hash.as_bytes()])?;
    let fault = match (&code.challenge, &attempt.challenge) {
        // INVARIANT: a code is redeemed by the one change that finds it unused.
        _ if used != 1 => Some(CodeOutcome::Unknown),
        _ if code.redirect_uri != attempt.redirect_uri => Some(CodeOutcome::RedirectUri),
        (None, Some(_)) => Some(CodeOutcome::VerifierUnasked),
        (challenge, given) if challenge != given => Some(CodeOutcome::Verifier),
        _ if grant.jkt.is_some() && grant.jkt != attempt.jkt => Some(CodeOutcome::ProofKey),
        _ => None,
    };
    if let Some(fault) = fault {
        end(rows, &grant.id, attempt.now)?;
        return Ok(fault);
    }
    grant.jkt.clone_from(&attempt.jkt);
    begin_tokens(rows, &grant, &attempt.refresh, &attempt.key, attempt.now)?;
    Ok(CodeOutcome::Redeemed(grant))
}

/// Binds a grant to its proof key, and stores its first refresh token if it has any.
pub(super) fn begin_tokens(
    rows: &dyn Rows,
    grant: &Grant,
    refresh: &SecretHash,
    key: &str,
    now: u64,
) -> Result<(), LedgerError> {
    let refresh = grant.offline.then(|| refresh.as_bytes());
    let sql =
        "UPDATE grants SET jkt = ?2, generation = 1, valid = ?3, derived_by = ?4, rotated = ?5 WHERE id = ?1";
    run(rows, sql, (grant.id, &grant.jkt, refresh, key, signed(now))).map(drop)
}

/// Ends a grant: its refresh tokens are worth nothing.
pub(super) fn end(rows: &dyn Rows, id: &[u8; 16], now: u64) -> Result<(), LedgerError> {
    let sql = "UPDATE grants SET ended = ?2 WHERE id = ?1 AND ended IS NULL";
    run(rows, sql, (id, signed(now))).map(drop)
}

pub(super) fn end_of(rows: &dyn Rows, id: &[u8; 16], client: &str, now: u64) -> Result<bool, LedgerError> {
    let sql = "UPDATE grants SET ended = ?3 WHERE id = ?1 AND client = ?2 AND ended IS NULL";
    Ok(run(rows, sql, (id, client, signed(now)))? > 0)
}

pub(super) fn use_once(
    rows: &dyn Rows,
    value: &SecretHash,
    until: u64,
    now: u64,
) -> Result<bool, LedgerError> {
    run(rows, "DELETE FROM once WHERE hash = ?1 AND until < ?2", (value.as_bytes(), signed(now)))?;
    let sql = "INSERT INTO once VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    Ok(run(rows, sql, (value.as_bytes(), signed(until)))? > 0)
}

/// The two refresh tokens that a grant knows, and what happened to them.
pub(super) struct Tokens {
    pub(super) valid: Option<SecretHash>,
    pub(super) before: Option<SecretHash>,
    pub(super) derived_by: Option<String>,
    pub(super) rotated: u64,
    pub(super) repeats: u64,
}

pub(super) fn tokens(rows: &dyn Rows, id: &[u8; 16]) -> Result<Option<Tokens>, LedgerError> {
    let sql = "SELECT valid, before, derived_by, rotated, repeats FROM grants WHERE id = ?1";
    one(rows, sql, [id], |row| {
        let stored =
            |column| row.get::<Option<[u8; 32]>>(column).map(|bytes| bytes.map(SecretHash::from_bytes));
        Ok(Tokens {
            valid: stored(0)?,
            before: stored(1)?,
            derived_by: row.get(2)?,
            rotated: number(row, 3)?,
            repeats: number(row, 4)?,
        })
    })
}
