//! Finds a password in the password file of PostgreSQL.
//!
//! Format: <https://www.postgresql.org/docs/current/libpq-pgpass.html>.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::DatabaseRefusal;

/// The login for which a password is searched.
#[derive(Clone, Copy, Debug)]
pub(super) struct Login<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) database: &'a str,
    pub(super) user: &'a str,
}

/// Returns the password for a login. Returns `None` if the file is missing or has no line for it.
///
/// # Errors
/// [`DatabaseRefusal::Passfile`] if other users may read the file, or it cannot be read.
pub(super) fn find(path: &Path, login: Login<'_>) -> Result<Option<Zeroizing<String>>, DatabaseRefusal> {
    let refused = |detail: String| DatabaseRefusal::Passfile { path: PathBuf::from(path), detail };
    let metadata = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(|error| refused(error.to_string()))?,
    };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(refused(format!("others may read it (mode {mode:04o}); it must be 0600")));
    }
    let text = Zeroizing::new(fs::read_to_string(path).map_err(|error| refused(error.to_string()))?);
    Ok(text.lines().find_map(|line| password_of(line, login)))
}

/// Returns the password of a line, if the line is for that login.
fn password_of(line: &str, login: Login<'_>) -> Option<Zeroizing<String>> {
    if line.starts_with('#') {
        return None;
    }
    let mut fields = fields(line).into_iter();
    let port = login.port.to_string();
    for wanted in [login.host, &port, login.database, login.user] {
        let field = fields.next()?;
        if field.as_str() != "*" && field.as_str() != wanted {
            return None;
        }
    }
    fields.next()
}

/// Splits a line at colons. A backslash escapes the next character.
fn fields(line: &str) -> Vec<Zeroizing<String>> {
    let mut fields = vec![];
    // The capacity is enough for the whole line. A text that grows would leave copies of the password in freed memory.
    let mut field = Zeroizing::new(String::with_capacity(line.len()));
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => field.extend(characters.next()),
            ':' => {
                fields.push(std::mem::replace(&mut field, Zeroizing::new(String::with_capacity(line.len()))))
            }
            other => field.push(other),
        }
    }
    fields.push(field);
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGIN: Login<'_> = Login { host: "db.example", port: 5432, database: "jotgate", user: "keys" };

    fn found(text: &str, mode: u32) -> Result<Option<String>, &'static str> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pgpass");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        find(&path, LOGIN).map(|found| found.map(|text| text.to_string())).map_err(|error| error.code())
    }

    #[test]
    fn the_first_line_for_the_login_has_the_password() {
        let text = "# comment\nother:5432:jotgate:keys:wrong\ndb.example:5433:*:*:wrong\n*:*:jotgate:keys:a\\:b\\\\c\n*:*:*:*:last\n";
        assert_eq!(found(text, 0o600), Ok(Some("a:b\\c".to_owned())));
        assert_eq!(found("db.example:5432:other:keys:wrong\nshort:line\n", 0o600), Ok(None));
        assert_eq!(find(Path::new("/nowhere/pgpass"), LOGIN), Ok(None));
    }

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        assert_eq!(found("*:*:*:*:secret\n", 0o640), Err("database_passfile"));
    }
}
