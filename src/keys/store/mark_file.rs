//! The high-water mark: a file that remembers which version of a store was seen last, apart from the store.
//!
//! A backup of the store does not bring it back, so a restored store is found out. It has one entry for each issuer.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::draft::{LockedFolder, resolve, with_suffix};
use crate::ledger::LedgerStamp;
use crate::{Issuer, StoreError, StoreStamp};

/// Where the high-water mark is.
#[derive(Clone, Debug)]
pub struct MarkFile(PathBuf);

impl MarkFile {
    /// The mark in that file, which need not be there.
    #[must_use]
    pub const fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// What was seen last of that issuer's store; `None` if nothing is remembered.
    ///
    /// # Errors
    /// [`StoreError::Mark`].
    pub(crate) fn read(&self, issuer: &Issuer) -> Result<Option<StoreStamp>, StoreError> {
        Ok(self.read_all()?.remove(issuer.as_str()))
    }

    /// Remembers `stamp`, if it follows what was seen last.
    ///
    /// # Errors
    /// [`StoreError::Mark`].
    pub(crate) fn advance(&self, issuer: &Issuer, stamp: &StoreStamp) -> Result<(), StoreError> {
        let later = |seen: Option<&StoreStamp>| seen.is_none_or(|seen| stamp.follows(seen) == Ok(true));
        // Most looks bring nothing new.
        if later(self.read(issuer)?.as_ref()) { self.write(issuer, stamp, later) } else { Ok(()) }
    }

    /// Remembers `stamp`, whatever was seen last.
    ///
    /// # Errors
    /// [`StoreError::Mark`].
    pub fn set(&self, issuer: &Issuer, stamp: &StoreStamp) -> Result<(), StoreError> {
        self.write(issuer, stamp, |_| true)
    }

    /// How far the ledger of that issuer's store had come.
    ///
    /// # Errors
    /// [`StoreError::Mark`].
    pub(crate) fn read_ledger(&self, issuer: &Issuer) -> Result<Option<LedgerStamp>, StoreError> {
        Ok(self.of_ledger().read_all()?.remove(issuer.as_str()))
    }

    /// Remembers how far the ledger has come.
    ///
    /// # Errors
    /// [`StoreError::Mark`].
    pub(crate) fn set_ledger(&self, issuer: &Issuer, stamp: LedgerStamp) -> Result<(), StoreError> {
        let beside = self.of_ledger();
        if beside.read_all::<LedgerStamp>()?.get(issuer.as_str()) == Some(&stamp) {
            return Ok(());
        }
        beside.write(issuer, &stamp, |_| true)
    }

    /// A file of its own, which programs that know no ledger need not understand.
    fn of_ledger(&self) -> Self {
        Self(with_suffix(&self.0, ".ledger"))
    }

    fn write<S: Clone + Serialize + DeserializeOwned>(
        &self,
        issuer: &Issuer,
        stamp: &S,
        wanted: impl FnOnce(Option<&S>) -> bool,
    ) -> Result<(), StoreError> {
        let failed = |e: io::Error| self.failed(&e);
        let path = resolve(&self.0).map_err(failed)?;
        let folder = LockedFolder::of_file(&path).map_err(failed)?;
        let mut marks = self.read_all::<S>()?;
        if wanted(marks.get(issuer.as_str())) {
            marks.insert(issuer.as_str().to_owned(), stamp.clone());
            let json = serde_json::to_vec(&marks).map_err(|e| failed(e.into()))?;
            folder.replace(&path, &json).map_err(failed)?;
        }
        Ok(())
    }

    pub(super) fn read_all<S: DeserializeOwned>(&self) -> Result<BTreeMap<String, S>, StoreError> {
        match fs::read(&self.0) {
            // It was made, and its maker killed before it had written.
            Ok(json) if json.is_empty() => Ok(BTreeMap::new()),
            Ok(json) => serde_json::from_slice(&json).map_err(|e| {
                let detail = format!("it is no mark: {e}; remove it if the store is the newest one");
                StoreError::Mark { path: self.0.clone(), detail }
            }),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
            Err(e) => Err(self.failed(&e)),
        }
    }

    fn failed(&self, error: &io::Error) -> StoreError {
        StoreError::Mark { path: self.0.clone(), detail: error.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn stamp(version: u64) -> StoreStamp {
        StoreStamp { store_id: "0".repeat(32).parse().ok(), version, digest: version.to_string() }
    }

    #[test]
    fn k2_the_mark_moves_forward_alone_unless_it_is_set_and_knows_issuers_apart() {
        let folder = tempfile::tempdir().unwrap();
        let mark = MarkFile::new(folder.path().join("mark"));
        let [one, other] =
            ["https://a.example", "https://b.example"].map(|url| url.parse::<Issuer>().unwrap());
        assert_eq!(mark.read(&one), Ok(None));
        for (version, expected) in [(5, 5), (4, 5), (6, 6)] {
            mark.advance(&one, &stamp(version)).unwrap();
            assert_eq!(mark.read(&one), Ok(Some(stamp(expected))));
        }
        assert_eq!(mark.read(&other), Ok(None));
        mark.set(&one, &stamp(2)).unwrap();
        assert_eq!(mark.read(&one), Ok(Some(stamp(2))));
        assert_eq!(fs::metadata(mark.path()).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
    }

    #[test]
    fn k2_many_that_move_the_mark_at_once_leave_the_highest_while_its_folder_is_locked() {
        let folder = tempfile::tempdir().unwrap();
        let mark = MarkFile::new(folder.path().join("mark"));
        let issuer: Issuer = "https://a.example".parse().unwrap();
        let _rekeying = LockedFolder::of(mark.path()).unwrap();
        std::thread::scope(|scope| {
            for version in 1..=16 {
                let (mark, issuer) = (&mark, &issuer);
                scope.spawn(move || mark.advance(issuer, &stamp(version)).unwrap());
            }
        });
        assert_eq!(mark.read(&issuer), Ok(Some(stamp(16))));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn k2_a_mark_that_can_not_be_read_or_written_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let issuer: Issuer = "https://a.example".parse().unwrap();
        let path = folder.path().join("mark");
        fs::write(&path, "nonsense").unwrap();
        for mark in [MarkFile::new(path), MarkFile::new(folder.path().join("missing").join("mark"))] {
            let error = mark.set(&issuer, &stamp(1)).unwrap_err();
            assert_eq!(error.code(), "store_mark");
            assert!(error.to_string().contains(&*mark.path().to_string_lossy()), "{error}");
        }
    }
}
