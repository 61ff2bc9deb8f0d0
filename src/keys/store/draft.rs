//! Replaces a file as a whole: writes a draft under another name beside it, and then renames the draft.
//!
//! The folder is locked while a draft exists, so one name is enough. An existing file with that name was left by a killed process.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A lock on a folder: no other process of this program replaces files in it. The system releases the lock of a killed process.
#[derive(Debug)]
pub(crate) struct LockedFolder {
    folder: File,
    /// What is locked in its place: one file in it.
    _file: Option<File>,
}

/// A file that is removed again, under this name.
#[derive(Debug)]
pub(super) struct Draft(PathBuf);

impl LockedFolder {
    /// Waits for the folder of that file.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        // Not the file itself: that is replaced by another.
        let folder = File::open(folder_of(path))?;
        folder.lock()?;
        Ok(Self { folder, _file: None })
    }

    /// Waits for that file alone, which is made if it is not there: another file of the folder may be locked meanwhile, by
    /// this very process. `path` must be resolved.
    pub(super) fn of_file(path: &Path) -> io::Result<Self> {
        loop {
            let mut options = OpenOptions::new();
            let file = options.read(true).append(true).create(true).mode(0o600).open(path)?;
            file.lock()?;
            let (locked, there) = (file.metadata()?, fs::metadata(path));
            // Who had the lock has put another file there.
            if there.is_ok_and(|there| (there.dev(), there.ino()) == (locked.dev(), locked.ino())) {
                return Ok(Self { folder: File::open(folder_of(path))?, _file: Some(file) });
            }
        }
    }

    /// An empty file beside `path`, of mode 0600 from its first moment on.
    pub(super) fn draft(&self, path: &Path) -> io::Result<Draft> {
        let draft = draft_of(path);
        // SQLite's journal of a draft goes with it, or it would be taken for the next one's.
        for left in [&draft, &with_suffix(&draft, "-journal")] {
            match fs::remove_file(left) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
                _ => {}
            }
        }
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        Ok(Draft(draft))
    }

    /// Puts `bytes` into the place of the file at `path`, all or nothing, durably. The file keeps its owner and its mode; a
    /// new one has mode 0600. `path` must be resolved: a link would be replaced, and not what it points to.
    pub(super) fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let draft = self.draft(path)?;
        let mut file = OpenOptions::new().write(true).open(draft.path())?;
        if let Ok(old) = fs::metadata(path) {
            if (old.uid(), old.gid()) != owner(&file)? {
                // Another user runs the server than this command.
                std::os::unix::fs::fchown(&file, Some(old.uid()), Some(old.gid()))?;
            }
            file.set_permissions(old.permissions())?;
        }
        file.write_all(bytes)?;
        // A name that is durable before its bytes are would be a lost file after a power cut.
        file.sync_all()?;
        draft.rename(path)?;
        self.sync()
    }

    /// Makes names in the folder durable.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.folder.sync_all()
    }
}

impl Draft {
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Gives it its place. Another process may make the next draft under its name from then on.
    fn rename(mut self, to: &Path) -> io::Result<()> {
        fs::rename(&self.0, to)?;
        self.0 = PathBuf::new();
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // It has got its place, or is of no worth: a failure is no reason to fail.
        let _ = fs::remove_file(&self.0);
    }
}

/// Takes away the second name of a file, which is there if its maker was killed between giving the first and this.
pub(super) fn forget_second_name(path: &Path) {
    let identity = |path: &Path| fs::symlink_metadata(path).map(|found| (found.dev(), found.ino())).ok();
    let draft = draft_of(path);
    if identity(&draft).is_some_and(|second| identity(path) == Some(second)) {
        // Another process may have removed it already; a failure does no harm.
        let _ = fs::remove_file(&draft);
    }
}

/// The file that `path` leads to, through every link; `path` itself if nothing is there.
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

/// The folder of a file.
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
