//! People: their names, their `sub` and their passwords.

mod listing;
mod name;
mod password;
mod password_check;
mod profile;

pub use listing::{json_user_listing, user_listing};
pub(crate) use name::normalize_name;
pub use name::{NameRefusal, check_name, new_subject};
pub use password::{PasswordError, Passwords, hash_password};
pub use password_check::{PasswordRefusal, check_password};
pub use profile::{ProfileRefusal, check_profile};
