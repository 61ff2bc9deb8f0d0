//! The verbs about the device flow (RFC 8628).

use super::{epoch, grants, joined, number, signed, words};
use crate::ledger::rows::{Row, Rows, one, one_locked, run};
use crate::ledger::{
    DeviceAnswer, DeviceOutcome, DevicePoll, DeviceRequest, Grant, LedgerError, NewDevice, SecretHash,
};

/// What a device has to wait longer after each poll that comes too early, in seconds (RFC 8628 §3.5).
const SLOWER: u64 = 5;

pub(super) fn begin(rows: &dyn Rows, device: &NewDevice) -> Result<bool, LedgerError> {
    let NewDevice { hash, request, expires, interval } = device;
    // A code that has expired may be given to another device.
    run(
        rows,
        "DELETE FROM devices WHERE user_code = ?1 AND expires <= ?2",
        (&request.user_code, signed(request.created)),
    )?;
    let sql = "INSERT INTO devices (hash, user_code, client, scopes, audiences, offline, jkt, created, expires, poll_interval,
               grant_id, epoch) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT DO NOTHING";
    let row = (
        hash.as_bytes(),
        &request.user_code,
        &request.client,
        joined(&request.scopes),
        joined(&request.audiences),
        request.offline,
        &request.jkt,
        signed(request.created),
        signed(*expires),
        signed(*interval),
        request.grant,
        signed(epoch(rows)?),
    );
    Ok(run(rows, sql, row)? > 0)
}

fn read(row: &Row) -> Result<DeviceRequest, LedgerError> {
    Ok(DeviceRequest {
        user_code: row.get(0)?,
        client: row.get(1)?,
        scopes: words(row, 2)?,
        audiences: words(row, 3)?,
        offline: row.get(4)?,
        jkt: row.get(5)?,
        created: number(row, 6)?,
        grant: row.get(7)?,
    })
}

pub(super) fn find(rows: &dyn Rows, user_code: &str, now: u64) -> Result<Option<DeviceRequest>, LedgerError> {
    let sql = "SELECT user_code, client, scopes, audiences, offline, jkt, created, grant_id FROM devices
               WHERE user_code = ?1 AND expires > ?2 AND answer IS NULL AND epoch = (SELECT epoch FROM meta)";
    one_locked(rows, sql, (user_code, signed(now)), read)
}

pub(super) fn answer(
    rows: &dyn Rows,
    user_code: &str,
    answer: &DeviceAnswer,
    now: u64,
) -> Result<bool, LedgerError> {
    if find(rows, user_code, now)?.is_none() {
        return Ok(false);
    }
    let allowed = match answer {
        DeviceAnswer::Denied => false,
        DeviceAnswer::Allowed(grant) => {
            grants::add(rows, grant)?;
            true
        }
    };
    let sql = "UPDATE devices SET answer = ?2 WHERE user_code = ?1 AND answer IS NULL";
    Ok(run(rows, sql, (user_code, allowed))? > 0)
}

struct Polled {
    client: String,
    jkt: Option<String>,
    expires: u64,
    interval: u64,
    polled: u64,
    answer: Option<bool>,
    grant: [u8; 16],
}

pub(super) fn poll(rows: &dyn Rows, attempt: &DevicePoll) -> Result<DeviceOutcome, LedgerError> {
    let sql = "SELECT client, jkt, expires, poll_interval, polled, answer, grant_id FROM devices
               WHERE hash = ?1 AND epoch = (SELECT epoch FROM meta)";
    let found = one_locked(rows, sql, [attempt.hash.as_bytes()], |row| {
        Ok(Polled {
            client: row.get(0)?,
            jkt: row.get(1)?,
            expires: number(row, 2)?,
            interval: number(row, 3)?,
            polled: number(row, 4)?,
            answer: row.get(5)?,
            grant: row.get(6)?,
        })
    })?;
    let (now, hash) = (attempt.now, attempt.hash.as_bytes());
    let Some(found) = found.filter(|found| found.client == attempt.client) else {
        return Ok(DeviceOutcome::Unknown);
    };
    if now >= found.expires {
        return Ok(DeviceOutcome::Expired);
    }
    let early = now < found.polled.saturating_add(found.interval);
    let interval = if early { found.interval.saturating_add(SLOWER) } else { found.interval };
    let sql = "UPDATE devices SET polled = ?2, poll_interval = ?3 WHERE hash = ?1";
    run(rows, sql, (hash, signed(now), signed(interval)))?;
    if early {
        return Ok(DeviceOutcome::SlowDown);
    }
    match found.answer {
        None => return Ok(DeviceOutcome::Pending),
        Some(false) => {
            run(rows, "DELETE FROM devices WHERE hash = ?1", [hash])?;
            return Ok(DeviceOutcome::Denied);
        }
        Some(true) if found.jkt.is_some() && found.jkt != attempt.jkt => return Ok(DeviceOutcome::ProofKey),
        Some(true) => {}
    }
    // INVARIANT: a device code is redeemed by the one change that removes it.
    let removed = run(rows, "DELETE FROM devices WHERE hash = ?1", [hash])?;
    let grant =
        grants::find(rows, &found.grant)?.filter(|grant: &Grant| removed == 1 && grant.ended.is_none());
    let Some(mut grant) = grant else { return Ok(DeviceOutcome::Expired) };
    grant.jkt.clone_from(&attempt.jkt);
    grants::begin_tokens(rows, &grant, &attempt.refresh, &attempt.key, now)?;
    Ok(DeviceOutcome::Granted(Box::new(grant)))
}

/// Which grant a device code is for, if a person allows it.
pub(super) fn grant_of(rows: &dyn Rows, hash: &SecretHash) -> Result<Option<[u8; 16]>, LedgerError> {
    one(rows, "SELECT grant_id FROM devices WHERE hash = ?1", [hash.as_bytes()], |row| row.get(0))
}

/// Removes device codes that have expired; how many went.
pub(super) fn sweep(rows: &dyn Rows, now: u64, limit: u32) -> Result<usize, LedgerError> {
    let sql = "DELETE FROM devices WHERE hash IN (SELECT hash FROM devices WHERE expires <= ?1 LIMIT ?2)";
    run(rows, sql, (signed(now), limit))
}
