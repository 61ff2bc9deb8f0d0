//! What the caller passes in besides the pasted text.

use std::fmt;

use serde::Deserialize;

/// A pasted text and what to compare it with. The TypeScript side is `InspectOptions`.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// The pasted text.
    pub input: String,
    /// The keys, each tried in its order.
    #[serde(default)]
    pub keys: Vec<KeyText>,
    /// The options of a policy as JSON text, as the core reads them.
    #[serde(default)]
    pub policy: Option<String>,
    /// The needs of a request as JSON text, as the core reads them.
    #[serde(default)]
    pub needs: Option<String>,
    /// The time to evaluate at, in seconds since 1970-01-01T00:00:00Z.
    pub now: f64,
    /// The issuer's metadata as JSON text.
    #[serde(default)]
    pub metadata: Option<String>,
    /// The request that a DPoP proof was sent with.
    #[serde(default)]
    pub request: RequestLine,
}

/// The text of one or more keys and where they come from.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeyText {
    /// A JWK, a JWKS, PEM, a certificate, base64 of these, or a secret.
    pub text: String,
    /// Where it comes from.
    #[serde(default)]
    pub from: KeyOrigin,
    /// The URL of a fetched set.
    #[serde(default)]
    pub url: Option<String>,
}

/// Where keys come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyOrigin {
    /// The user entered them.
    #[default]
    Entered,
    /// They were fetched from the URL.
    Fetched,
    /// The issuer published them before. They explain a refusal and never verify.
    Earlier,
}

/// The request that a DPoP proof was sent with.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RequestLine {
    /// The HTTP method.
    pub method: Option<String>,
    /// The absolute URL.
    pub url: Option<String>,
    /// The access token that was sent with the proof.
    pub token: Option<String>,
}

impl fmt::Debug for Request {
    /// Shows no text: all of it may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("now", &self.now).finish_non_exhaustive()
    }
}

impl fmt::Debug for KeyText {
    /// Shows where the key comes from and never its text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyText").field("from", &self.from).finish_non_exhaustive()
    }
}

impl fmt::Debug for RequestLine {
    /// Shows the method alone: a URL may carry a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestLine").field("method", &self.method).finish_non_exhaustive()
    }
}
