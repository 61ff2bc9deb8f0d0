//! Logins with clients that are described by a document. The document is fetched after the person has logged in.

use std::net::IpAddr;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::HeaderMap;
use axum::response::Response;
use base64ct::{Base64UrlUnpadded, Encoding};
use tracing::info;
use url::Url;

use super::Site;
use super::session::{Person, login_page, with_cookies};
use crate::client_documents::{ClientDocumentFault, ClientUrl};
use crate::http::{Form, escape};
use crate::ledger::LedgerError;
use crate::{Client, State, pages};

/// An authorization request whose client is not known yet.
pub(super) struct Asked<'a> {
    pub(super) form: &'a Form,
    /// The fields of this server's own forms.
    pub(super) fields: Option<&'a Form>,
    pub(super) headers: &'a HeaderMap,
    pub(super) state: &'a State,
    pub(super) address: Option<IpAddr>,
    /// The current time, in Unix seconds.
    pub(super) now: u64,
}

/// The result for the client's identifier.
pub(super) enum Described {
    /// The client, and the person if the person has logged in with this request.
    Client(Arc<Client>, Option<Box<Person>>),
    /// The page for the browser. There is no redirect to the client before its document is known.
    Page(Response),
}

impl Site {
    /// Returns the client that is described by the document at its identifier. Returns `None` if the identifier is not the URL of a document,
    /// or documents are not accepted.
    pub(super) async fn described_client(&self, asked: &Asked<'_>) -> Result<Option<Described>, LedgerError> {
        let Some(documents) = &self.people.documents else { return Ok(None) };
        let Some(id) = asked.form.get("client_id").filter(|id| ClientUrl::is_meant(id)) else {
            return Ok(None);
        };
        let clients = asked.state.clients();
        if clients.iter().any(|client| client.id == id) {
            return Ok(None);
        }
        let audiences: Vec<String> = clients.iter().flat_map(|client| client.audiences.clone()).collect();
        let own = Url::parse(asked.state.issuer().as_str()).ok();
        let own = own.as_ref().and_then(Url::host_str);
        let url =
            ClientUrl::parse(id).filter(|url| own != Some(url.host()) && documents.may_be(url, &audiences));
        let Some(url) = url else {
            let fault = "The address by which this application identifies itself is not allowed.";
            return Ok(Some(Described::Page(pages::error(fault))));
        };
        let (person, is_new) = match self.person(asked.headers, asked.now).await? {
            Some(person) => (person, false),
            None => match self.first_log_in(asked, &url).await? {
                Ok(person) => (person, true),
                Err(page) => return Ok(Some(Described::Page(page))),
            },
        };
        Ok(Some(match documents.client(&url, asked.address, asked.now).await {
            Ok(client) => Described::Client(client, is_new.then(|| Box::new(person))),
            Err(fault) => Described::Page(with_cookies(refused(&url, fault), &person)),
        }))
    }

    /// Logs a person in before the client is known. Returns the login page if that is not possible yet.
    async fn first_log_in(
        &self,
        asked: &Asked<'_>,
        url: &ClientUrl,
    ) -> Result<Result<Person, Response>, LedgerError> {
        let action = format!("?{}", asked.form.to_query());
        let page = |name: &str, fault| login_page(asked.headers, url.host(), "", &action, name, fault);
        let Some(fields) = asked.fields.filter(|fields| fields.get("step") == Some("login")) else {
            if asked.form.get("prompt").is_some_and(|prompt| prompt.split(' ').any(|word| word == "none")) {
                return Ok(Err(pages::error(
                    "You are not logged in, and the application asked not to show a login.",
                )));
            }
            return Ok(Err(page(asked.form.get("login_hint").unwrap_or_default(), None)));
        };
        let name = fields.get("username").unwrap_or_default();
        let logged_in = self.log_in(asked.headers, fields, None, asked.now).await?;
        Ok(logged_in.map_err(|refusal| {
            if let Some(reason) = refusal.reason() {
                asked.note(url, reason);
            }
            refusal.page(|fault| page(name, fault))
        }))
    }
}

impl Asked<'_> {
    /// Writes one line to the log for a refused login.
    fn note(&self, url: &ClientUrl, reason: &'static str) {
        let address = self.address.map(|address| address.to_string());
        info!(event = "login", client = escape(url.as_str()), reason, address, "login refused");
    }
}

fn refused(url: &ClientUrl, fault: ClientDocumentFault) -> Response {
    pages::error(&format!("The description of this application at {} cannot be used: {fault}.", url.as_str()))
}

/// Returns the name under which a person's consent for a client is stored. For a client with a document it depends on the redirect URIs, so
/// that the person is asked again if they change.
pub(super) fn consent_name(client: &Client) -> String {
    let login = client.login.as_ref().filter(|_| ClientUrl::is_meant(&client.id));
    let Some(login) = login else { return client.id.clone() };
    let mut uris: Vec<&str> = login.redirect_uris.iter().map(|uri| uri.as_str()).collect();
    uris.sort_unstable();
    let hash = digest(&SHA256, uris.join("\n").as_bytes());
    // No identifier has a fragment, so this name belongs to no other client.
    format!("{}#{}", client.id, Base64UrlUnpadded::encode_string(hash.as_ref()))
}

/// Returns the name of a client for people: its identifier, or the host of its document.
pub(super) fn shown_client(client: &Client) -> String {
    ClientUrl::parse(&client.id).map_or_else(|| client.id.clone(), |url| url.host().to_owned())
}

/// Returns the URL of the document that describes a client, if there is one.
pub(super) fn shown_document(client: &Client) -> Option<&str> {
    ClientUrl::parse(&client.id).is_some().then_some(client.id.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_keys::NOW;
    use crate::{ClientLogin, RedirectUri};

    fn client(id: &str, uris: &[&str]) -> Client {
        let redirect_uris: Vec<RedirectUri> = uris.iter().map(|uri| uri.parse().unwrap()).collect();
        let (client, _) = Client::new("app", None, &["api".to_owned()], NOW).unwrap();
        let login = ClientLogin { redirect_uris, ..ClientLogin::default() };
        Client { id: id.to_owned(), login: Some(login), ..client }
    }

    #[test]
    fn consent_for_a_client_with_a_document_ends_with_its_redirect_addresses() {
        let (one, two) = ("https://a.example/1", "https://a.example/2");
        let id = "https://a.example/client.json";
        let name = consent_name(&client(id, &[one, two]));
        assert_eq!(name, consent_name(&client(id, &[two, one])));
        assert_ne!(name, consent_name(&client(id, &[one])));
        assert_ne!(name, consent_name(&client(id, &[one, two, "https://a.example/3"])));
        assert_eq!(consent_name(&client("app", &[one])), "app");
    }

    #[test]
    fn people_see_the_host_of_a_document() {
        let described = client("https://a.example/client.json", &["https://b.example/"]);
        assert_eq!(
            (shown_client(&described).as_str(), shown_document(&described)),
            ("a.example", Some(described.id.as_str()))
        );
        let registered = client("app", &["https://b.example/"]);
        assert_eq!((shown_client(&registered).as_str(), shown_document(&registered)), ("app", None));
    }
}
