//! The scopes, permissions and roles that a request needs, checked to make sense.

use alloc::{string::String, vec::Vec};

use crate::{policy::holds_texts, refusal::Refusal};

/// The options of [`Needs`], as the caller wrote them. A list must not be empty.
#[derive(Clone, Debug, Default)]
pub struct NeedsOptions {
    /// Scopes; all are needed.
    pub scopes: Option<Vec<String>>,
    /// Scopes; one suffices.
    pub any_scope: Option<Vec<String>>,
    /// Permissions; all are needed.
    pub permissions: Option<Vec<String>>,
    /// Permissions; one suffices.
    pub any_permission: Option<Vec<String>>,
    /// Roles; all are needed.
    pub roles: Option<Vec<String>>,
    /// Roles; one suffices.
    pub any_role: Option<Vec<String>>,
}

/// What a request needs of a verified token.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    pub(crate) scope: Need,
    pub(crate) permission: Need,
    pub(crate) role: Need,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Need {
    pub(crate) all: Vec<String>,
    pub(crate) any: Vec<String>,
}

impl Needs {
    /// Checks the lists.
    ///
    /// # Errors
    /// [`Refusal::Option`] for an empty list, which would admit everyone, or a scope with a character that RFC 6749 §3.3 forbids, which
    /// would break the challenge that names it.
    pub fn new(options: NeedsOptions) -> Result<Self, Refusal> {
        for (name, list) in [
            ("scopes", &options.scopes),
            ("anyScope", &options.any_scope),
            ("permissions", &options.permissions),
            ("anyPermission", &options.any_permission),
            ("roles", &options.roles),
            ("anyRole", &options.any_role),
        ] {
            holds_texts(name, list.as_deref())?;
        }
        for (name, list) in [("scopes", &options.scopes), ("anyScope", &options.any_scope)] {
            let mut bytes = list.iter().flatten().flat_map(|scope| scope.bytes());
            if bytes.any(|byte| !matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)) {
                return Err(Refusal::Option {
                    name,
                    problem: "contains a character that a scope cannot have",
                });
            }
        }
        let need = |all: Option<Vec<String>>, any: Option<Vec<String>>| Need {
            all: all.unwrap_or_default(),
            any: any.unwrap_or_default(),
        };
        Ok(Self {
            scope: need(options.scopes, options.any_scope),
            permission: need(options.permissions, options.any_permission),
            role: need(options.roles, options.any_role),
        })
    }
}
