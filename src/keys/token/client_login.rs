//! The login settings of a client: redirect URIs and grants.

use serde::{Deserialize, Serialize};

use super::redirect_uri::RedirectUri;

/// A client that lets people log in. Needs store format 5.
// Unknown members are refused: an older program would drop them with its next change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientLogin {
    /// Whether it has no secret: a single-page app or an installed program (RFC 6749 §2.1).
    #[serde(default, skip_serializing_if = "is_false")]
    pub public: bool,
    /// The redirect URIs.
    pub redirect_uris: Vec<RedirectUri>,
    /// The URIs for redirects after logout (OpenID Connect RP-Initiated Logout §3).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logout_uris: Vec<RedirectUri>,
    /// Whether it gets refresh tokens if it requests the scope `offline_access`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub offline_access: bool,
    /// Whether it belongs to the issuer's own organisation. People then give their consent once, not at each login.
    #[serde(default, skip_serializing_if = "is_false")]
    pub first_party: bool,
    /// Whether it may use the resource owner password grant (RFC 6749 §4.3).
    #[serde(default, skip_serializing_if = "is_false")]
    pub password: bool,
    /// Whether it may use the implicit grant (RFC 6749 §4.2).
    #[serde(default, skip_serializing_if = "is_false")]
    pub implicit: bool,
    /// Whether it may use the device flow (RFC 8628).
    #[serde(default, skip_serializing_if = "is_false")]
    pub device: bool,
    /// Whether a confidential client may send a `nonce` instead of a PKCE challenge.
    #[serde(default, skip_serializing_if = "is_false")]
    pub allow_nonce: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}
