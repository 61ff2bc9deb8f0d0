//! What the operator allows clients that describe themselves.

/// What clients that describe themselves may ask for. The operator decides it for all of them; their documents do not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientDocumentSettings {
    /// Whom their tokens may be for (RFC 8707). The first is taken where a request names none.
    pub audiences: Vec<String>,
    /// The scopes of their tokens.
    pub scopes: Vec<String>,
    /// Whether they get refresh tokens, if their document and their request ask for them.
    pub offline_access: bool,
}
