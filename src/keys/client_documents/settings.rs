//! The rights of clients that are described by a document.

/// The rights of clients that are described by a document. The operator sets them for all such clients. Documents cannot change them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientDocumentSettings {
    /// The audiences of their tokens (RFC 8707). The first is used if a request names none.
    pub audiences: Vec<String>,
    /// The scopes of their tokens.
    pub scopes: Vec<String>,
    /// Whether they get refresh tokens, if both their document and their request ask for them.
    pub offline_access: bool,
}
