//! The paths of the repository, of its `target`, and of what the task runner writes there.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::ui::progress;

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// A path below the root.
pub(crate) fn at(path: &str) -> PathBuf {
    root().join(path)
}

/// A path below `target` of the repository, also if `CARGO_TARGET_DIR` is set.
pub(crate) fn target(path: &str) -> PathBuf {
    root().join("target").join(path)
}

/// The folder of toolchains. `JOTGATE_CACHE` lets several checkouts share them.
pub(crate) fn toolchains() -> PathBuf {
    env::var_os("JOTGATE_CACHE")
        .filter(|path| !path.is_empty())
        .map_or_else(|| target("toolchain"), |cache| PathBuf::from(cache).join("toolchain"))
}

/// Locks the set-up, so that two task runners never write the same files.
pub(crate) fn lock() -> Result<File> {
    let path = target("xtask.lock");
    fs::create_dir_all(target(""))?;
    let file = File::create(&path).with_context(|| format!("cannot create `{}`", path.display()))?;
    if file.try_lock().is_err() {
        progress::step("waiting for another cargo xtask", |_| Ok(file.lock()?))?;
    }
    Ok(file)
}
