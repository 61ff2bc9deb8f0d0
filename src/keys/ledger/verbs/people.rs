//! The verbs about people.

use super::{joined, number, signed, words};
use crate::ledger::rows::{Row, Rows, one, run};
use crate::ledger::{LedgerError, Profile, User};
use crate::people::normalize_name;

const COLUMNS: &str = "subject, name, password, disabled, created, roles, permissions, failures, last_failure, full_name, email, email_verified";
/// The people, each with what others call the person.
const PEOPLE: &str = "users LEFT JOIN profiles USING (subject)";

/// How names are compared: without case.
pub(super) fn name_key(name: &str) -> String {
    normalize_name(name).to_lowercase()
}

pub(super) fn read(row: &Row) -> Result<User, LedgerError> {
    Ok(User {
        subject: row.get(0)?,
        name: row.get(1)?,
        password: row.get(2)?,
        disabled: row.get(3)?,
        created: number(row, 4)?,
        roles: words(row, 5)?,
        permissions: words(row, 6)?,
        failures: number(row, 7)?,
        last_failure: number(row, 8)?,
        profile: Profile {
            name: row.get(9)?,
            email: row.get(10)?,
            email_verified: row.get::<Option<bool>>(11)?.unwrap_or(false),
        },
    })
}

pub(super) fn add(rows: &dyn Rows, user: &User) -> Result<bool, LedgerError> {
    let sql = "INSERT INTO users (subject, name, name_key, password, disabled, created, roles, permissions)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (name_key) DO NOTHING";
    let User { subject, name, password, disabled, created, .. } = user;
    let (key, roles, permissions) = (name_key(name), joined(&user.roles), joined(&user.permissions));
    let row = (subject, name, key, password, disabled, signed(*created), roles, permissions);
    if run(rows, sql, row)? == 0 {
        return Ok(false);
    }
    if user.profile != Profile::default() {
        set_profile(rows, &name_key(name), &user.profile)?;
    }
    Ok(true)
}

pub(super) fn set_profile(rows: &dyn Rows, key: &str, profile: &Profile) -> Result<bool, LedgerError> {
    let sql = "INSERT INTO profiles (subject, full_name, email, email_verified)
               SELECT subject, ?2, ?3, ?4 FROM users WHERE name_key = ?1
               ON CONFLICT (subject) DO UPDATE SET full_name = excluded.full_name, email = excluded.email,
               email_verified = excluded.email_verified";
    Ok(run(rows, sql, (key, &profile.name, &profile.email, profile.email_verified))? > 0)
}

pub(super) fn all(rows: &dyn Rows) -> Result<Vec<User>, LedgerError> {
    rows.query(&format!("SELECT {COLUMNS} FROM {PEOPLE} ORDER BY name_key"), &[])?.iter().map(read).collect()
}

pub(super) fn named(rows: &dyn Rows, key: &str) -> Result<Option<User>, LedgerError> {
    one(rows, &format!("SELECT {COLUMNS} FROM {PEOPLE} WHERE name_key = ?1"), [key], read)
}

pub(super) fn find(rows: &dyn Rows, subject: &str) -> Result<Option<User>, LedgerError> {
    one(rows, &format!("SELECT {COLUMNS} FROM {PEOPLE} WHERE subject = ?1"), [subject], read)
}

pub(super) fn enable(rows: &dyn Rows, key: &str, enabled: bool, now: u64) -> Result<bool, LedgerError> {
    let changed = run(rows, "UPDATE users SET disabled = ?2 WHERE name_key = ?1", (key, !enabled))?;
    if !enabled {
        log_out(rows, key, now)?;
    }
    Ok(changed > 0)
}

pub(super) fn remove(rows: &dyn Rows, key: &str) -> Result<bool, LedgerError> {
    Ok(run(rows, "DELETE FROM users WHERE name_key = ?1", [key])? > 0)
}

pub(super) fn set_password(
    rows: &dyn Rows,
    key: &str,
    password: &str,
    now: u64,
) -> Result<bool, LedgerError> {
    let sql = "UPDATE users SET password = ?2, failures = 0 WHERE name_key = ?1";
    let changed = run(rows, sql, (key, password))?;
    log_out(rows, key, now)?;
    Ok(changed > 0)
}

/// Ends the sessions, codes and refresh tokens of a person. No browser is known any more.
fn log_out(rows: &dyn Rows, key: &str, now: u64) -> Result<(), LedgerError> {
    let whose = "subject = (SELECT subject FROM users WHERE name_key = ?1)";
    run(rows, &format!("DELETE FROM sessions WHERE {whose}"), [key])?;
    run(rows, &format!("DELETE FROM browsers WHERE {whose}"), [key])?;
    let end = format!("UPDATE grants SET ended = ?2 WHERE ended IS NULL AND {whose}");
    run(rows, &end, (key, signed(now)))?;
    Ok(())
}

pub(super) fn rehash(rows: &dyn Rows, subject: &str, old: &str, new: &str) -> Result<(), LedgerError> {
    let sql = "UPDATE users SET password = ?3 WHERE subject = ?1 AND password = ?2";
    run(rows, sql, (subject, old, new)).map(drop)
}

pub(super) fn forget_failures(rows: &dyn Rows, subject: &str) -> Result<bool, LedgerError> {
    let known = one(rows, "SELECT failures FROM users WHERE subject = ?1", [subject], |row| number(row, 0))?;
    if known.is_some_and(|failures| failures > 0) {
        run(rows, "UPDATE users SET failures = 0 WHERE subject = ?1", [subject])?;
    }
    Ok(known.is_some())
}
