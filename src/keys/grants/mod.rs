//! The grants of the token endpoint, one file for each grant type.

mod authorization_code;
mod client_credentials;
mod credentials;
mod device_code;
mod login_evidence;
mod password;
mod refresh_token;
mod refresh_token_text;
mod revoke;
mod scope;
mod user_code;

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::client_documents::ClientDocuments;
use crate::http::{Attempt, Form, GrantRefusal, RequestFault};
use crate::ledger::{Grant, Ledger, LedgerError, User};
use crate::people::Passwords;
use crate::{Client, Snapshot, TokenRequest};

pub(crate) use credentials::{ACR, METHOD, PasswordOutcome, check_credentials};
pub(crate) use login_evidence::follows_login;
pub(crate) use revoke::revoke;
pub(crate) use scope::{IDENTITY, OFFLINE_ACCESS, OPENID, asked, audiences, is_identity, scope};
pub(crate) use user_code::{new_user_code, read_user_code, shown_user_code};

/// The parts of a request that a grant needs.
pub(crate) struct Request<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) client: &'a Client,
    pub(crate) form: &'a Form,
    pub(crate) people: Option<&'a People>,
    /// The thumbprint of the key that signed the request's DPoP proof.
    pub(crate) jkt: Option<String>,
    /// The current time, in Unix seconds.
    pub(crate) now: u64,
}

/// The ledger of the people, and the check of their passwords.
#[derive(Clone, Debug)]
pub(crate) struct People {
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) passwords: Arc<Passwords>,
    /// The clients that are described by documents; `None` if they are not accepted.
    pub(crate) documents: Option<Arc<ClientDocuments>>,
}

/// The tokens to sign, and the members of the response.
#[derive(Debug)]
pub(crate) struct Issue {
    pub(crate) request: TokenRequest,
    /// The scope in the response.
    pub(crate) scope: Option<String>,
    pub(crate) refresh_token: Option<Zeroizing<String>>,
    /// The grant, if its client gets an ID token.
    pub(crate) id: Option<Grant>,
}

/// The grant type of RFC 8628 §3.4.
pub(crate) const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// The grant types of this endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GrantType {
    AuthorizationCode,
    ClientCredentials,
    DeviceCode,
    Password,
    RefreshToken,
}

impl GrantType {
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        let all = [
            Self::AuthorizationCode,
            Self::ClientCredentials,
            Self::DeviceCode,
            Self::Password,
            Self::RefreshToken,
        ];
        all.into_iter().find(|grant| grant.name() == name)
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::ClientCredentials => "client_credentials",
            Self::DeviceCode => DEVICE_CODE,
            Self::Password => "password",
            Self::RefreshToken => "refresh_token",
        }
    }

    /// Decides which tokens to sign.
    pub(crate) async fn decide(
        self,
        request: &Request<'_>,
        attempt: &mut Attempt,
    ) -> Result<Issue, GrantRefusal> {
        match self {
            Self::AuthorizationCode => authorization_code::decide(request, attempt).await,
            Self::ClientCredentials => client_credentials::decide(request),
            Self::DeviceCode => device_code::decide(request, attempt).await,
            Self::Password => password::decide(request, attempt).await,
            Self::RefreshToken => refresh_token::decide(request, attempt).await,
        }
    }
}

impl Request<'_> {
    /// Returns the people of this issuer.
    fn people(&self) -> Result<&People, GrantRefusal> {
        self.people.ok_or(GrantRefusal::GrantType)
    }

    /// Returns a required parameter.
    fn required(&self, name: &str) -> Result<&str, GrantRefusal> {
        let missing = match name {
            "code" => "the parameter `code` is missing",
            "device_code" => "the parameter `device_code` is missing",
            "refresh_token" => "the parameter `refresh_token` is missing",
            "token" => "the parameter `token` is missing",
            _ => "the parameters `username` and `password` are required",
        };
        self.form.get(name).ok_or(GrantRefusal::Request(RequestFault::Missing(missing)))
    }

    /// Makes a token for a grant of a person, with the person's current roles and permissions.
    fn token_of(
        &self,
        user: &User,
        grant: &Grant,
        audiences: &[String],
        scope: Option<&str>,
    ) -> Result<TokenRequest, GrantRefusal> {
        let life = self.client.token_life.min(self.snapshot.signer.longest_life());
        let request = TokenRequest::new(&user.subject, Some(&self.client.id), audiences, scope, life);
        let request = request.map_err(|_| GrantRefusal::Failed)?.with_claims(&self.client.claims);
        Ok(request.with_login(grant, user))
    }
}

/// Runs `work` on the ledger in a thread that may block.
pub(crate) async fn on_ledger<T: Send + 'static>(
    ledger: &Arc<dyn Ledger>,
    work: impl FnOnce(&dyn Ledger) -> Result<T, LedgerError> + Send + 'static,
) -> Result<T, LedgerError> {
    let ledger = Arc::clone(ledger);
    let worked = tokio::task::spawn_blocking(move || work(ledger.as_ref())).await;
    worked.unwrap_or(Err(LedgerError::Stopped))
}

/// Logs that the ledger failed, and returns the refusal.
pub(crate) fn ledger_failed(error: LedgerError) -> GrantRefusal {
    tracing::error!(code = error.code(), %error, "the ledger failed");
    GrantRefusal::Unavailable
}
