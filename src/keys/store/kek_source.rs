//! Reads [`Keks`] from a file, or from a value that is given at the start.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

use super::draft::{LockedFolder, resolve};
use crate::{Error, KekError, Keks, StoreError};

/// Where the keys are.
#[derive(Clone, Debug)]
pub enum KekSource {
    /// In a file of mode 0600, read again whenever the store was encrypted with another key.
    File(PathBuf),
    /// Given once, by the environment or by the caller.
    Given(Arc<Keks>),
}

/// Keys that no other process replaces meanwhile.
pub(crate) struct LockedKeks(Option<(LockedFolder, PathBuf)>);

/// More than any list of keys has.
const LONGEST_FILE: u64 = 65_536;

impl KekSource {
    /// The keys now.
    ///
    /// # Errors
    /// [`Error::Kek`] for a file that is missing, can't be read, or contains no key; [`Error::Store`] for a file that others
    /// may read.
    pub fn read(&self) -> Result<Arc<Keks>, Error> {
        match self {
            Self::Given(keks) => Ok(Arc::clone(keks)),
            Self::File(path) => {
                let text = read_file(path)?;
                Ok(Arc::new(Keks::parse(&text).map_err(|error| error.of(&shown(path)))?))
            }
        }
    }

    /// The keys now; a file that is not there is made, with one new key.
    ///
    /// # Errors
    /// Those of [`KekSource::read`], and [`Error::Store`] if the file can't be made.
    pub fn read_or_make(&self) -> Result<Arc<Keks>, Error> {
        let missing = |path: &Path| fs::symlink_metadata(path).is_err();
        match self {
            Self::File(path) if missing(path) => {
                // Of two at once, one would put its key in the place of the one with which the other encrypts a store.
                let locked = self.lock()?;
                if !missing(path) {
                    return self.read();
                }
                let keks = Keks::generate()?;
                locked.replace(&keks)?;
                Ok(Arc::new(keks))
            }
            _ => self.read(),
        }
    }

    /// Waits until no other process replaces keys here, for as long as the result lives; a killed process lets go. Keys
    /// that were given need no lock.
    pub(crate) fn lock(&self) -> Result<LockedKeks, Error> {
        let Self::File(path) = self else { return Ok(LockedKeks(None)) };
        // What a link points to is replaced, not the link: other stores or programs may use the same file.
        let file = resolve(path).map_err(|e| failed(path, &e))?;
        let folder = LockedFolder::of(&file).map_err(|e| failed(path, &e))?;
        Ok(LockedKeks(Some((folder, file))))
    }
}

impl LockedKeks {
    /// Puts keys into the place of those in the file, all or nothing; what was given stays as it is.
    pub(crate) fn replace(&self, keks: &Keks) -> Result<(), Error> {
        let Some((folder, path)) = &self.0 else { return Ok(()) };
        // Only one of its names would get the new key; the others would go on with the old one.
        if fs::metadata(path).is_ok_and(|found| found.nlink() > 1) {
            return Err(StoreError::Linked { path: path.clone() }.into());
        }
        folder.replace(path, keks.to_text().as_bytes()).map_err(|e| failed(path, &e))
    }
}

fn read_file(path: &Path) -> Result<Zeroizing<String>, Error> {
    let failed = |e: &io::Error| match e.kind() {
        io::ErrorKind::NotFound => KekError::Missing { path: path.to_owned() },
        io::ErrorKind::InvalidData => KekError::NoKeys { place: shown(path) },
        _ => KekError::Unreadable { path: path.to_owned(), detail: e.to_string() },
    };
    let metadata = fs::metadata(path).map_err(|e| failed(&e))?;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(StoreError::Exposed { path: path.to_owned(), mode }.into());
    }
    if !metadata.is_file() || metadata.len() > LONGEST_FILE {
        return Err(KekError::NoKeys { place: shown(path) }.into());
    }
    Ok(Zeroizing::new(fs::read_to_string(path).map_err(|e| failed(&e))?))
}

fn shown(path: &Path) -> String {
    format!("`{}`", path.display())
}

fn failed(path: &Path, error: &io::Error) -> Error {
    let detail = format!("the key-encryption key `{}`: {error}", path.display());
    StoreError::Unavailable { detail }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_made_once_closed_to_others_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kek");
        let source = KekSource::File(path.clone());
        assert_eq!(source.read().unwrap_err().code(), "kek_missing");
        let made = source.read_or_make().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(source.read_or_make().unwrap().id(), made.id());
        let new = Keks::generate().unwrap();
        source.lock().unwrap().replace(&new).unwrap();
        assert_eq!(source.read().unwrap().id(), new.id());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn of_many_that_make_it_at_once_all_get_the_one_key_that_is_there_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let source = KekSource::File(folder.path().join("kek"));
        let made: Vec<String> = std::thread::scope(|scope| {
            let make = || source.read_or_make().unwrap().id().to_owned();
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(make)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(made, vec![source.read().unwrap().id(); 8]);
    }

    #[test]
    fn what_a_killed_process_left_behind_goes_with_the_next_key() {
        let folder = tempfile::tempdir().unwrap();
        let left = folder.path().join("kek.draft");
        fs::write(&left, "half a key").unwrap();
        KekSource::File(folder.path().join("kek")).read_or_make().unwrap();
        assert!(!left.exists());
    }

    #[test]
    fn k15_a_link_stays_a_link_and_the_file_it_points_to_gets_the_new_key() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("kek"), folder.path().join("link"));
        KekSource::File(target.clone()).read_or_make().unwrap();
        // A link to a link, as volumes of secrets have it.
        std::os::unix::fs::symlink("kek", folder.path().join("middle")).unwrap();
        std::os::unix::fs::symlink("middle", &link).unwrap();
        let new = Keks::generate().unwrap();
        KekSource::File(link.clone()).lock().unwrap().replace(&new).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        for path in [target, link] {
            assert_eq!(KekSource::File(path).read().unwrap().id(), new.id());
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
    }

    #[test]
    fn k15_a_link_to_nothing_is_refused_and_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("nothing", &link).unwrap();
        let source = KekSource::File(link);
        assert_eq!(source.read_or_make().unwrap_err().code(), "kek_missing");
        assert_eq!(source.lock().err().map(|error| error.code()), Some("store_unavailable"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn k15_a_file_with_a_second_name_is_refused_and_keeps_its_key_and_a_new_key_keeps_the_mode() {
        let folder = tempfile::tempdir().unwrap();
        let (path, second) = (folder.path().join("kek"), folder.path().join("second"));
        let source = KekSource::File(path.clone());
        let old = source.read_or_make().unwrap();
        fs::hard_link(&path, &second).unwrap();
        let new = Keks::generate().unwrap();
        assert_eq!(source.lock().unwrap().replace(&new).unwrap_err().code(), "kek_linked");
        assert_eq!(source.read().unwrap().id(), old.id());
        fs::remove_file(second).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        source.lock().unwrap().replace(&new).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o400);
        assert_eq!(source.read().unwrap().id(), new.id());
    }

    #[test]
    fn a_file_that_others_may_read_or_that_holds_no_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kek");
        let source = KekSource::File(path.clone());
        source.read_or_make().unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(source.read().unwrap_err().code(), "store_exposed");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let folder = folder.path().to_owned();
        for (bytes, place) in [(&b""[..], &path), (b"\xff\xfe", &path), (b"", &folder)] {
            fs::write(&path, bytes).unwrap();
            fs::set_permissions(place, fs::Permissions::from_mode(0o700)).unwrap();
            let error = KekSource::File(place.clone()).read().unwrap_err();
            assert_eq!(error.code(), "kek_malformed");
            assert!(error.to_string().starts_with(&shown(place)), "{error}");
        }
    }
}
