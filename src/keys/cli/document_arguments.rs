//! The arguments of `serve` for Client ID Metadata Documents.

use clap::Args;
use jotgate_keys::{ClientDocumentSettings, TokenRefusal, check_audiences, parse_scopes};

/// Clients that are not registered: they describe themselves.
#[derive(Debug, Args)]
pub(crate) struct DocumentArguments {
    /// Let clients log people in whose identifier is an https URL that leads to their description. docs/people.md says what is
    /// fetched, and when
    #[arg(long, requires = "document_audience")]
    allow_client_documents: bool,
    /// Who the tokens of such clients may be for. May be repeated; the first is used if the client names no `resource`
    #[arg(long, value_name = "AUDIENCE", requires = "allow_client_documents")]
    document_audience: Vec<String>,
    /// What such clients may ask for: words separated by single spaces; `offline_access` allows refresh tokens
    #[arg(long, value_name = "WORDS", default_value = "", requires = "allow_client_documents")]
    document_scope: String,
}

impl DocumentArguments {
    /// What such clients may ask for; `None` if there are none.
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
