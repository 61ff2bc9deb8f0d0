//! The errors of a store.

use std::fmt;
use std::path::PathBuf;

use super::Version;
use crate::DatabaseRefusal;

/// The reason why an operation of a store failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreError {
    /// The store does not exist.
    Missing {
        /// The path or address.
        path: PathBuf,
    },
    /// A new store was to be made, but something already exists there.
    AlreadyExists {
        /// The path or address.
        path: PathBuf,
    },
    /// Other users may read or write the file.
    Exposed {
        /// The path or address.
        path: PathBuf,
        /// The permission bits.
        mode: u32,
    },
    /// Other users may write the folder of the file, so they could replace the file.
    ExposedFolder {
        /// The folder.
        path: PathBuf,
        /// The permission bits.
        mode: u32,
    },
    /// It is not a store, or has another format.
    NotAStore {
        /// The path or address.
        path: PathBuf,
    },
    /// The store is damaged.
    Damaged {
        /// The path or address.
        path: PathBuf,
        /// The message of the database.
        detail: String,
    },
    /// The opened file was removed or replaced.
    Lost {
        /// The path.
        path: PathBuf,
    },
    /// It is not the store that was seen before, or an older version of it.
    RolledBack {
        /// The kind of difference.
        how: RolledBack,
        /// Its version.
        found: Version,
        /// The version that was seen before.
        seen: Version,
    },
    /// The high-water mark cannot be read or written.
    Mark {
        /// The path.
        path: PathBuf,
        /// The message of the system.
        detail: String,
    },
    /// The file of the key-encryption key has a second hard link, which would keep the old key.
    Linked {
        /// The path or address.
        path: PathBuf,
    },
    /// The store has another version than the one expected.
    Conflict {
        /// The version that the change was made for.
        expected: Version,
        /// The version that the store has.
        found: Version,
    },
    /// The change was delayed after its decision. Decide again and retry.
    Late,
    /// Other processes lock the store for longer than a change may wait. Decide again and retry.
    Busy {
        /// The path or address.
        path: PathBuf,
    },
    /// The database is not used, because of its address or its settings.
    Database(DatabaseRefusal),
    /// The store is unreachable or full, or access is denied.
    Unavailable {
        /// The message of the system.
        detail: String,
    },
}

impl StoreError {
    /// Returns the stable code, for programs to compare.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "store_missing",
            Self::AlreadyExists { .. } => "store_already_exists",
            Self::Exposed { .. } => "store_exposed",
            Self::ExposedFolder { .. } => "store_folder_exposed",
            Self::NotAStore { .. } => "store_not_a_store",
            Self::Damaged { .. } => "store_damaged",
            Self::Lost { .. } => "store_lost",
            Self::RolledBack { .. } => "store_rolled_back",
            Self::Mark { .. } => "store_mark",
            Self::Linked { .. } => "kek_linked",
            Self::Conflict { .. } => "store_conflict",
            Self::Late => "store_late",
            Self::Busy { .. } => "store_busy",
            Self::Database(refusal) => refusal.code(),
            Self::Unavailable { .. } => "store_unavailable",
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { path } => {
                write!(
                    f,
                    "there is no store at `{}`; `jotgate-keys init` makes one, and --store, --config or JOTGATE_CONFIG names \
                     another",
                    path.display()
                )
            }
            Self::AlreadyExists { path } => {
                write!(f, "there is something at `{}` already; nothing was changed", path.display())
            }
            Self::Exposed { path, mode } => {
                write!(f, "others may use `{}` (mode {mode:04o}); it must be 0600", path.display())
            }
            Self::ExposedFolder { path, mode } => write!(
                f,
                "others may write the folder `{}` (mode {mode:04o}) and so replace the store; keep it in a folder with mode \
                 0700 or 0755",
                path.display()
            ),
            Self::NotAStore { path } => write!(
                f,
                "`{}` is not a store of this program: put the store back from its backup, or name another place by --store",
                path.display()
            ),
            // SQLite describes damage in several lines.
            Self::Damaged { path, detail } => write!(
                f,
                "the store `{}` is damaged ({}); nothing was changed. Put it back from its backup, and run `jotgate-keys keys \
                 restored`",
                path.display(),
                detail.replace('\n', ", ")
            ),
            Self::Lost { path } => {
                write!(f, "the store `{}` was removed or replaced while it was open", path.display())
            }
            Self::RolledBack { how, found, seen } => {
                match how {
                    RolledBack::Older => write!(
                        f,
                        "an older copy is in the place of the store: its version is {found}, and {seen} was seen before"
                    )?,
                    RolledBack::Forked => write!(
                        f,
                        "the store has version {found} with other content than was seen before: a copy of it was changed"
                    )?,
                    RolledBack::OtherStore => {
                        write!(
                            f,
                            "another store of this issuer, or one from before `upgrade`, is in the place of the store"
                        )?;
                    }
                }
                f.write_str(
                    "; put the newer file back, or run `jotgate-keys keys restored` to go on with this one",
                )
            }
            Self::Mark { path, detail } => write!(
                f,
                "the high-water mark `{}` can't be used ({detail}); --mark-file names another place",
                path.display()
            ),
            Self::Linked { path } => write!(
                f,
                "the key-encryption key `{}` has a second name (a hard link), which would keep the old key; nothing was \
                 changed",
                path.display()
            ),
            Self::Conflict { expected, found } => {
                write!(f, "the store is at version {found}, the change was made for {expected}")
            }
            Self::Late => f.write_str("the change was held up for too long; nothing was changed"),
            Self::Busy { path } => {
                write!(f, "another process holds the store `{}`; nothing was changed", path.display())
            }
            Self::Database(refusal) => refusal.fmt(f),
            Self::Unavailable { detail } => write!(f, "the store can't be used: {detail}"),
        }
    }
}

impl std::error::Error for StoreError {}

/// How a store differs from the state that was seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RolledBack {
    /// It has an earlier version.
    Older,
    /// It has the same version but other content: a copy of it was changed elsewhere.
    Forked,
    /// It is another store of the same issuer.
    OtherStore,
}
