//! Remembers what a build was made of, and copies, replaces and removes folders.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// A hash of the inputs of a build, kept in a file beside its output. It avoids work; it is not a defence.
pub(crate) struct Stamp {
    file: PathBuf,
    content: String,
}

impl Stamp {
    /// The stamp in `file` for the files and folders in `inputs` and the settings in `how`.
    pub(crate) fn of(file: PathBuf, inputs: &[PathBuf], how: &[&str]) -> Result<Self> {
        let mut hasher = DefaultHasher::new();
        how.hash(&mut hasher);
        for input in inputs {
            hash(input, &mut hasher)?;
        }
        Ok(Self { file, content: format!("{:016x}\n", hasher.finish()) })
    }

    /// Whether the output was made of these inputs.
    pub(crate) fn is_current(&self) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|content| content == self.content)
    }

    /// Records that the output is complete.
    pub(crate) fn set(&self) -> Result<()> {
        fs::write(&self.file, &self.content).with_context(|| format!("`{}`", self.file.display()))
    }
}

/// Removes a folder if it exists.
pub(crate) fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        done => done.with_context(|| format!("cannot remove `{}`", folder.display())),
    }
}

/// Replaces a folder with a complete one.
pub(crate) fn replace(made: &Path, folder: &Path) -> Result<()> {
    remove(folder)?;
    fs::rename(made, folder).with_context(|| format!("cannot move `{}` to its folder", folder.display()))
}

/// Copies a folder with its content.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in entries(from)? {
        let target = to.join(entry.file_name().unwrap_or_default());
        if entry.is_dir() {
            copy(&entry, &target)?;
        } else {
            fs::copy(&entry, &target).with_context(|| format!("`{}`", entry.display()))?;
        }
    }
    Ok(())
}

/// The entries of a folder, sorted.
pub(crate) fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let read = fs::read_dir(folder).with_context(|| format!("`{}`", folder.display()))?;
    let mut paths = read.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn hash(path: &Path, hasher: &mut DefaultHasher) -> Result<()> {
    path.file_name().hash(hasher);
    if path.is_dir() {
        for entry in entries(path)? {
            hash(&entry, hasher)?;
        }
        return Ok(());
    }
    fs::read(path).with_context(|| format!("`{}`", path.display()))?.hash(hasher);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::Scratch;

    #[test]
    fn a_stamp_is_current_until_an_input_changes() {
        let scratch = Scratch::new("stamp-test").unwrap();
        let folder = scratch.path().join("inputs/deep");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("a"), "one").unwrap();
        let stamp =
            |how| Stamp::of(scratch.path().join("stamp"), &[scratch.path().join("inputs")], &[how]).unwrap();
        assert!(!stamp("-O3").is_current());
        stamp("-O3").set().unwrap();
        assert!(stamp("-O3").is_current());
        assert!(!stamp("-O2").is_current());
        fs::write(folder.join("a"), "two").unwrap();
        assert!(!stamp("-O3").is_current());
    }
}
