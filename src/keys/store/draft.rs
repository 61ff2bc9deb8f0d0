//! Replaces a whole file: writes a draft with another name next to it, and then renames the draft.
//!
//! The folder is locked while a draft exists, so one name is enough. An existing draft was left by a killed process.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A lock on a folder, so that no other process of this program replaces files in it. The system releases the lock of a killed process.
#[derive(Debug)]
pub(crate) struct LockedFolder {
    folder: File,
    /// The file that is locked instead of the folder.
    _file: Option<File>,
}

/// A file that is removed when this is dropped, with its name.
#[derive(Debug)]
pub(super) struct Draft(PathBuf);

impl LockedFolder {
    /// Waits for the lock on the folder of a file.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        // The file itself is not locked, because it is replaced.
        let folder = File::open(folder_of(path))?;
        folder.lock()?;
        Ok(Self { folder, _file: None })
    }

    /// Waits for the lock on one file. Makes the file if it does not exist. Other files of the folder can be locked at the same time, even by
    /// this process. `path` must be resolved.
    pub(super) fn of_file(path: &Path) -> io::Result<Self> {
        loop {
            let mut options = OpenOptions::new();
            let file = options.read(true).append(true).create(true).mode(0o600).open(path)?;
            file.lock()?;
            let (locked, there) = (file.metadata()?, fs::metadata(path));
            // The previous owner of the lock may have replaced the file.
            if there.is_ok_and(|there| (there.dev(), there.ino()) == (locked.dev(), locked.ino())) {
                return Ok(Self { folder: File::open(folder_of(path))?, _file: Some(file) });
            }
        }
    }

    /// Makes an empty file next to `path`. It has mode 0600 from the beginning.
    pub(super) fn draft(&self, path: &Path) -> io::Result<Draft> {
        let draft = draft_of(path);
        // SQLite's journal of a draft is removed, too. Otherwise SQLite would use it for the next draft.
        for left in [&draft, &with_suffix(&draft, "-journal")] {
            match fs::remove_file(left) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
                _ => {}
            }
        }
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        Ok(Draft(draft))
    }

    /// Replaces the file at `path` by `bytes`, atomically and durably. The file keeps its owner and its mode. A new file has mode 0600. `path`
    /// must be resolved, because a link itself would be replaced.
    pub(super) fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let draft = self.draft(path)?;
        let mut file = OpenOptions::new().write(true).open(draft.path())?;
        if let Ok(old) = fs::metadata(path) {
            if (old.uid(), old.gid()) != owner(&file)? {
                // The server may run as another user than this command.
                std::os::unix::fs::fchown(&file, Some(old.uid()), Some(old.gid()))?;
            }
            file.set_permissions(old.permissions())?;
        }
        file.write_all(bytes)?;
        // If the name were durable before the bytes, the file could be lost in a power failure.
        file.sync_all()?;
        draft.rename(path)?;
        self.sync()
    }

    /// Makes the names in the folder durable.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.folder.sync_all()
    }
}

impl Draft {
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Renames the draft to its final name. Then another process may make the next draft.
    fn rename(mut self, to: &Path) -> io::Result<()> {
        fs::rename(&self.0, to)?;
        self.0 = PathBuf::new();
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // The file was renamed, or is not needed any more. Errors do not matter.
        let _ = fs::remove_file(&self.0);
    }
}

/// Removes the second name of a file. It exists if the process was killed between linking the first name and this.
pub(super) fn forget_second_name(path: &Path) {
    let identity = |path: &Path| fs::symlink_metadata(path).map(|found| (found.dev(), found.ino())).ok();
    let draft = draft_of(path);
    if identity(&draft).is_some_and(|second| identity(path) == Some(second)) {
        // Another process may have removed it already. Errors do not matter.
        let _ = fs::remove_file(&draft);
    }
}

/// Resolves all links of `path`. Returns `path` itself if nothing exists there.
pub(super) fn resolve(path: &Path) -> io::Result<PathBuf> {
    loop {
        match fs::canonicalize(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => match fs::symlink_metadata(path) {
                Err(_) => return Ok(path.to_owned()),
                Ok(found) if found.is_symlink() => return Err(e),
                // Another process has made the file in between.
                Ok(_) => {}
            },
            resolved => return resolved,
        }
    }
}

fn owner(file: &File) -> io::Result<(u32, u32)> {
    file.metadata().map(|found| (found.uid(), found.gid()))
}

/// Returns the folder of a file.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn draft_of(path: &Path) -> PathBuf {
    with_suffix(path, ".draft")
}

pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}
