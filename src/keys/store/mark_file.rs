//! The high-water mark: a file outside of the store with the last seen version of the store.
//!
//! It is not restored with a backup of the store, so a restored store is detected. It has one entry for each issuer.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::draft::{LockedFolder, resolve, with_suffix};
use crate::ledger::LedgerStamp;
use crate::{Issuer, StoreError, StoreStamp};

/// The file with the high-water mark.
#[derive(Clone, Debug)]
pub struct MarkFile(PathBuf);

impl MarkFile {
    /// Makes the mark of a file, which need not exist.
    #[must_use]
    pub const fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Returns its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Returns the last seen state of the issuer's store, or `None` if there is no entry.
    ///
    /// # Errors
    /// [`StoreError::Mark`].
    pub(crate) fn read(&self, issuer: &Issuer) -> Result<Option<StoreStamp>, StoreError> {
        Ok(self.read_all()?.remove(issuer.as_str()))
    }

    /// Records `stamp`, if it is later than the last seen state.
    ///
    /// # Errors
    /// [`StoreError::Mark`].
    pub(crate) fn advance(&self, issuer: &Issuer, stamp: &StoreStamp) -> Result<(), StoreError> {
        let later = |seen: Option<&StoreStamp>| seen.is_none_or(|seen| stamp.follows(seen) == Ok(true));
        // Usually nothing has changed.
        if later(self.read(issuer)?.as_ref()) { self.write(issuer, stamp, later) } else { Ok(()) }
    }

    /// Records `stamp` without a check of the last seen state.
    ///
    /// # Errors
    /// [`StoreError::Mark`].
    pub fn set(&self, issuer: &Issuer, stamp: &StoreStamp) -> Result<(), StoreError> {
        self.write(issuer, stamp, |_| true)
    }

    /// Returns the last seen state number of the ledger.
    ///
    /// # Errors
    /// [`StoreError::Mark`].
    pub(crate) fn read_ledger(&self, issuer: &Issuer) -> Result<Option<LedgerStamp>, StoreError> {
        Ok(self.of_ledger().read_all()?.remove(issuer.as_str()))
    }

    /// Records the state number of the ledger.
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

    /// Returns the separate file for the ledger, so that older programs without a ledger can read the first file.
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
            // The process that made the file was killed before it wrote.
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
