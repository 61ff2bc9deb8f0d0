//! The arguments of `serve` for Client ID Metadata Documents.

use clap::Args;
use jotgate_keys::{ClientDocumentSettings, TokenRefusal, check_audiences, parse_scopes};

/// The settings for clients that are not registered but described by a document.
#[derive(Debug, Args)]
pub(crate) struct DocumentArguments {
    /// Accept clients whose identifier is the https URL of a document that describes them. docs/people.md says what is fetched, and
    /// when
    #[arg(long, requires = "document_audience")]
    allow_client_documents: bool,
    /// An audience of the tokens of such clients. May be repeated; the first is used if a request has no `resource`
    #[arg(long, value_name = "AUDIENCE", requires = "allow_client_documents")]
    document_audience: Vec<String>,
    /// The scopes that such clients may request: words separated by single spaces; `offline_access` allows refresh tokens
    #[arg(long, value_name = "WORDS", default_value = "", requires = "allow_client_documents")]
    document_scope: String,
}

impl DocumentArguments {
    /// Returns the rights of such clients, or `None` if they are not accepted.
    ///
    /// # Errors
    /// Those of [`check_audiences`] and [`parse_scopes`].
    pub(crate) fn chosen(&self) -> Result<Option<ClientDocumentSettings>, TokenRefusal> {
        if !self.allow_client_documents {
            return Ok(None);
        }
        check_audiences(&self.document_audience)?;
        let mut scopes = parse_scopes(&self.document_scope)?;
        let offline_access = scopes.iter().any(|scope| scope == "offline_access");
        scopes.retain(|scope| scope != "offline_access");
        let audiences = self.document_audience.clone();
        Ok(Some(ClientDocumentSettings { audiences, scopes, offline_access }))
    }
}
