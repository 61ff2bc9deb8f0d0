//! The checked scopes, permissions and roles that a request needs.

use alloc::{string::String, vec::Vec};

use crate::{policy::holds_texts, refusal::Refusal};

/// The options of [`Needs`], as the caller wrote them. A list must not be empty.
#[derive(Clone, Debug, Default)]
pub struct NeedsOptions {
    /// The required scopes, all of them.
    pub scopes: Option<Vec<String>>,
    /// Alternative scopes: one of them is required.
    pub any_scope: Option<Vec<String>>,
    /// The required permissions, all of them.
    pub permissions: Option<Vec<String>>,
    /// Alternative permissions: one of them is required.
    pub any_permission: Option<Vec<String>>,
    /// The required roles, all of them.
    pub roles: Option<Vec<String>>,
    /// Alternative roles: one of them is required.
    pub any_role: Option<Vec<String>>,
}

/// The rights that a request needs.
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
    /// [`Refusal::Option`] for an empty list, which would accept every token, or for a scope with a character that RFC 6749 §3.3 forbids,
    /// which would break the challenge that contains it.
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
