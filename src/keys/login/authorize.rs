//! `GET` and `POST /authorize`: decides which page a person sees next, or redirects the browser to the client.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use tracing::info;

use super::answer::redirect;
use super::authorization_request::{AuthorizationRequest, RequestRefusal};
use super::document_client::{Asked, Described, consent_name, shown_client, shown_document};
use super::session::{FRESH, Person, login_page, with_cookies};
use super::{Site, cookies};
use crate::grants::{ACR, OFFLINE_ACCESS, OPENID, on_ledger};
use crate::http::{ClientAddress, Form, SecureTransport, cut, escape, is_form, read_body};
use crate::ledger::{Consent, Grant, LedgerError, NewCode, Secret, User};
use crate::pages::{self, ConsentPage};
use crate::token::{is_loopback_uri, shown_target};
use crate::{Snapshot, TokenRequest};

/// The lifetime of a code, in seconds.
const CODE_LIFE: u64 = 60;
/// The longest lifetime of a token of the implicit grant, in seconds.
const IMPLICIT_LIFE: u64 = 300;

/// One request, with everything that the steps need.
struct Visit<'a> {
    site: &'a Site,
    snapshot: &'a Arc<Snapshot>,
    request: AuthorizationRequest<'a>,
    /// The authorization request as a query, for the forms.
    query: String,
    headers: &'a HeaderMap,
    address: Option<IpAddr>,
    now: u64,
}

pub(super) async fn authorize(
    State(site): State<Site>,
    secure: Option<Extension<SecureTransport>>,
    address: Option<Extension<ClientAddress>>,
    method: Method,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Response {
    if !secure.is_some_and(|Extension(SecureTransport(secure))| secure) {
        return pages::insecure();
    }
    let fields = match method {
        Method::POST => match read_body(body).await {
            Ok(body) if is_form(&headers) => Form::parse(&body, "resource").ok(),
            _ => return pages::error("The form could not be read."),
        },
        _ => None,
    };
    let query = Form::parse(query.unwrap_or_default().as_bytes(), "resource").ok();
    // A client may post its request (OpenID Connect Core §3.1.2.1); our own forms keep it in the query.
    let ours = fields.as_ref().is_some_and(|fields| fields.get("form_token").is_some());
    let (request, fields) = if ours || method != Method::POST { (query, fields) } else { (fields, None) };
    let Some(form) = request else { return pages::error("A parameter is malformed, or came twice.") };
    let now = site.clock.now();
    let Some(snapshot) = site.published.current(now) else { return pages::unavailable() };
    let address = address.map(|Extension(ClientAddress(address))| address);
    let (fields, state) = (fields.as_ref(), &snapshot.state);
    let asked = Asked { form: &form, fields, headers: &headers, state, address, now };
    let (document, logged_in) = match site.described_client(&asked).await {
        Ok(None) => (None, None),
        Ok(Some(Described::Client(client, logged_in))) => (Some(client), logged_in),
        Ok(Some(Described::Page(page))) => return page,
        Err(error) => return failed(&error),
    };
    // A login is kept even if the request is invalid.
    let with_login = |answer| logged_in.iter().fold(answer, |answer, person| with_cookies(answer, person));
    let request = match AuthorizationRequest::read(&form, &snapshot, document.as_deref()) {
        Ok(request) => request,
        Err(RequestRefusal::Page(why)) => return with_login(pages::error(why)),
        Err(RequestRefusal::Redirect(target, error, description)) => {
            info!(client = form.get("client_id").map(cut), error, "authorization refused");
            let parameters = [("error", error), ("error_description", description)];
            return with_login(redirect(&target, snapshot.state.issuer(), &parameters));
        }
    };
    let (query, snapshot) = (form.to_query(), &snapshot);
    let visit = Visit { site: &site, snapshot, request, query, headers: &headers, address, now };
    let answered = match logged_in {
        Some(person) => visit.logged_in(*person).await,
        None => visit.answer(fields).await,
    };
    answered.unwrap_or_else(|error| failed(&error))
}

fn failed(error: &LedgerError) -> Response {
    tracing::error!(code = error.code(), %error, "the ledger failed");
    pages::unavailable()
}

impl Visit<'_> {
    async fn answer(&self, fields: Option<&Form>) -> Result<Response, LedgerError> {
        let person = self.site.person(self.headers, self.now).await?;
        match (fields.and_then(|fields| fields.get("step")), fields, person) {
            (Some("login"), Some(fields), person) => self.log_in(fields, person).await,
            (Some(step @ ("allow" | "deny")), Some(fields), Some(person)) => {
                self.decide(step == "allow", fields, person).await
            }
            (_, _, person) => self.proceed(person, false).await,
        }
    }

    /// Returns the next step for a person: the login page, the consent page, or the redirect with a code. `fresh`: the person has just logged
    /// in for this request, as `prompt` or `max_age` may require.
    async fn proceed(&self, person: Option<Person>, fresh: bool) -> Result<Response, LedgerError> {
        let prompt = self.request.prompt;
        let too_old = |person: &Person| {
            let limit = self.request.max_age.unwrap_or(u64::MAX);
            let limit = if fresh { limit.max(FRESH) } else { limit };
            // OpenID Connect Core §3.1.2.1: `max_age=0` asks for a login as `prompt=login` does.
            let again = prompt.login || self.request.max_age == Some(0);
            person.age(self.now) > limit || again && !fresh
        };
        let is_other = |person: &Person| {
            self.request.hint.as_ref().is_some_and(|hint| hint.subject != person.user.subject)
        };
        if fresh && person.as_ref().is_some_and(is_other) {
            let answer = self.refuse("login_required", "another person than that of id_token_hint logged in");
            return Ok(person.map_or_else(pages::unavailable, |person| with_cookies(answer, &person)));
        }
        let Some(person) = person.filter(|person| !too_old(person) && !is_other(person)) else {
            if prompt.none {
                return Ok(self.refuse("login_required", "the person is not logged in"));
            }
            let hint = self.request.login_hint.clone().unwrap_or_default();
            return Ok(self.login_page(&hint, None));
        };
        if self.needs_consent(&person.user).await? {
            if prompt.none {
                return Ok(self.refuse("consent_required", "the person has to allow it"));
            }
            return Ok(with_cookies(self.consent_page(&person), &person));
        }
        self.grant(&person).await
    }

    async fn log_in(&self, fields: &Form, before: Option<Person>) -> Result<Response, LedgerError> {
        let name = fields.get("username").unwrap_or_default();
        match self.site.log_in(self.headers, fields, before, self.now).await? {
            Ok(person) => self.logged_in(person).await,
            Err(refusal) => {
                if let Some(reason) = refusal.reason() {
                    self.note("login refused", None, reason);
                }
                Ok(refusal.page(|fault| self.login_page(name, fault)))
            }
        }
    }

    /// Continues after the person has logged in with this request.
    async fn logged_in(&self, person: Person) -> Result<Response, LedgerError> {
        self.note("login succeeded", Some(&person.user.subject), "none");
        self.proceed(Some(person), true).await
    }

    /// Handles the button of the consent page.
    async fn decide(&self, allowed: bool, fields: &Form, person: Person) -> Result<Response, LedgerError> {
        if !cookies::is_form_of(&person.cookie, fields.get("form_token")) {
            return self.proceed(Some(person), false).await;
        }
        if !allowed {
            self.note("consent refused", Some(&person.user.subject), "none");
            return Ok(self.refuse("access_denied", "the person did not allow it"));
        }
        if person.age(self.now) > FRESH && (self.request.prompt.login || self.request.max_age.is_some()) {
            return self.proceed(Some(person), false).await;
        }
        let (subject, client) = (person.user.subject.clone(), consent_name(self.request.client));
        let before = self.consent(&person.user).await?.unwrap_or_default();
        let join = |old: Vec<String>, new: Vec<String>| {
            let more: Vec<String> = new.into_iter().filter(|word| !old.contains(word)).collect();
            [old, more].concat()
        };
        let consent = Consent {
            scopes: join(before.scopes, self.request.wanted()),
            audiences: join(before.audiences, self.request.audiences.clone()),
            given: self.now,
        };
        on_ledger(&self.site.people.ledger, move |ledger| ledger.give_consent(&subject, &client, &consent))
            .await?;
        self.note("consent given", Some(&person.user.subject), "none");
        self.grant(&person).await
    }

    async fn consent(&self, user: &User) -> Result<Option<Consent>, LedgerError> {
        let (subject, client) = (user.subject.clone(), consent_name(self.request.client));
        on_ledger(&self.site.people.ledger, move |ledger| ledger.consent(&subject, &client)).await
    }

    async fn needs_consent(&self, user: &User) -> Result<bool, LedgerError> {
        let request = &self.request;
        let login = request.client.login.as_ref();
        let first_party = login.is_some_and(|login| login.first_party);
        let registered = login.map(|login| login.redirect_uris.as_slice()).unwrap_or_default();
        let private =
            registered.iter().any(|uri| uri.is_private_use() && uri.matches(&request.target.redirect_uri));
        // RFC 8252 §8.6: another program can pretend to be a public client.
        if request.client.is_public() && !first_party || private || request.prompt.consent {
            return Ok(true);
        }
        let Some(consent) = self.consent(user).await? else { return Ok(true) };
        let wider = |wanted: &[String], given: &[String]| wanted.iter().any(|word| !given.contains(word));
        Ok(wider(&request.wanted(), &consent.scopes) || wider(&request.audiences, &consent.audiences))
    }

    /// Redirects the browser to the client with a code or token.
    async fn grant(&self, person: &Person) -> Result<Response, LedgerError> {
        let request = &self.request;
        let grant = self.new_grant(person)?;
        if request.implicit {
            return Ok(with_cookies(self.implicit(person, &grant), person));
        }
        let Ok(code) = Secret::generate() else { return Ok(pages::unavailable()) };
        let new = NewCode {
            hash: code.hash(),
            grant,
            redirect_uri: request.named_redirect.then(|| request.target.redirect_uri.clone()),
            challenge: request.challenge.clone(),
            expires: self.now.saturating_add(CODE_LIFE),
        };
        on_ledger(&self.site.people.ledger, move |ledger| ledger.issue_code(&new)).await?;
        self.note("code issued", Some(&person.user.subject), "none");
        let answer = redirect(&request.target, self.snapshot.state.issuer(), &[("code", code.expose())]);
        Ok(with_cookies(answer, person))
    }

    fn new_grant(&self, person: &Person) -> Result<Grant, LedgerError> {
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(|_| LedgerError::Stopped)?;
        Ok(Grant {
            id,
            subject: person.user.subject.clone(),
            client: self.request.client.id.clone(),
            scopes: self.request.scopes.clone(),
            audiences: self.request.audiences.clone(),
            offline: self.request.offline,
            authenticated: person.session.authenticated,
            acr: ACR.to_owned(),
            methods: person.session.methods.clone(),
            jkt: self.request.jkt.clone(),
            nonce: self.request.nonce.clone(),
            sid: self.request.scopes.iter().any(|scope| scope == OPENID).then(|| person.session.sid()),
            created: self.now,
            ended: None,
        })
    }

    /// Returns a token in the fragment (RFC 6749 §4.2.2). Its lifetime is short, because browsers store addresses.
    fn implicit(&self, person: &Person, grant: &Grant) -> Response {
        let request = &self.request;
        let life = request.client.token_life.min(self.snapshot.signer.longest_life()).min(IMPLICIT_LIFE);
        let scope = Some(request.scopes.join(" ")).filter(|scope| !scope.is_empty());
        let token = TokenRequest::new(
            &person.user.subject,
            Some(&request.client.id),
            &request.audiences,
            scope.as_deref(),
            life,
        );
        let token =
            token.map(|token| token.with_claims(&request.client.claims).with_login(grant, &person.user));
        let Ok(token) = token.and_then(|token| self.snapshot.signer.sign(&token, self.now)) else {
            return self.refuse("server_error", "the token could not be signed");
        };
        self.note("token issued", Some(&person.user.subject), "none");
        let life = life.to_string();
        let mut parameters =
            vec![("access_token", token.as_str()), ("token_type", "Bearer"), ("expires_in", life.as_str())];
        parameters.extend(scope.as_deref().map(|scope| ("scope", scope)));
        redirect(&request.target, self.snapshot.state.issuer(), &parameters)
    }

    fn refuse(&self, error: &str, description: &str) -> Response {
        let parameters = [("error", error), ("error_description", description)];
        redirect(&self.request.target, self.snapshot.state.issuer(), &parameters)
    }

    fn login_page(&self, name: &str, fault: Option<&str>) -> Response {
        let target = shown_target(&self.request.target.redirect_uri);
        login_page(self.headers, &shown_client(self.request.client), &target, &self.action(), name, fault)
    }

    fn consent_page(&self, person: &Person) -> Response {
        let request = &self.request;
        pages::consent(&ConsentPage {
            client: &shown_client(request.client),
            document: shown_document(request.client),
            target: &shown_target(&request.target.redirect_uri),
            device: None,
            loopback: is_loopback_uri(&request.target.redirect_uri),
            action: &self.action(),
            form_token: &cookies::form_token(&person.cookie),
            name: &person.user.name,
            scopes: &request.scopes,
            audiences: &request.audiences,
            offline: request.wanted().iter().any(|word| word == OFFLINE_ACCESS),
        })
    }

    /// Returns the target of forms: this endpoint, with the same request.
    fn action(&self) -> String {
        format!("?{}", self.query)
    }

    /// Writes one line to the log.
    fn note(&self, message: &'static str, subject: Option<&str>, reason: &'static str) {
        info!(
            event = "login",
            client = escape(&self.request.client.id),
            subject,
            reason,
            address = self.address.map(|address| address.to_string()),
            "{message}"
        );
    }
}
