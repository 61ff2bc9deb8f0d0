//! `GET` and `POST /device`: a person enters the code of a device, logs in and allows what the device asks for (RFC 8628 §3.3).

use std::net::IpAddr;
use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use tracing::info;

use super::Site;
use super::session::{FRESH, LoginRefusal, Person, login_page, with_cookies};
use crate::grants::{ACR, OPENID, on_ledger, read_user_code, shown_user_code};
use crate::http::{ClientAddress, Form, SecureTransport, escape, is_form, read_body};
use crate::ledger::{DeviceAnswer, DeviceRequest, Grant, LedgerError};
use crate::pages::{self, ConsentPage};
use crate::{Client, Snapshot};

/// One request, with everything that the steps need.
struct Visit<'a> {
    site: &'a Site,
    headers: &'a HeaderMap,
    address: Option<IpAddr>,
    now: u64,
}

pub(super) async fn device(
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
    let now = site.clock.now();
    let Some(snapshot) = site.published.current(now) else { return pages::unavailable() };
    let query = Form::parse(query.unwrap_or_default().as_bytes(), "").ok();
    let typed = query.as_ref().and_then(|query| query.get("user_code")).unwrap_or_default();
    if method != Method::POST {
        // RFC 8628 §3.3.1: a code in the address still needs a click.
        let code = read_user_code(typed).map(|code| shown_user_code(&code));
        return pages::device(&code.unwrap_or_default(), None, StatusCode::OK);
    }
    let fields = match read_body(body).await {
        Ok(body) if is_form(&headers) => Form::parse(&body, "").ok(),
        _ => None,
    };
    let Some(fields) = fields else { return pages::error("The form could not be read.") };
    let address = address.map(|Extension(ClientAddress(address))| address);
    let visit = Visit { site: &site, headers: &headers, address, now };
    let typed = fields.get("user_code").unwrap_or(typed);
    visit.answer(&snapshot, typed, &fields).await.unwrap_or_else(|error| {
        tracing::error!(code = error.code(), %error, "the ledger failed");
        pages::unavailable()
    })
}

impl Visit<'_> {
    async fn answer(
        &self,
        snapshot: &Arc<Snapshot>,
        typed: &str,
        fields: &Form,
    ) -> Result<Response, LedgerError> {
        let now = self.now;
        let request = match read_user_code(typed) {
            Some(code) => {
                on_ledger(&self.site.people.ledger, move |ledger| ledger.device(&code, now)).await?
            }
            None => None,
        };
        let client = |request: &DeviceRequest| {
            let client = snapshot.state.clients().iter().find(|client| client.id == request.client);
            client
                .filter(|client| !client.disabled && client.login.as_ref().is_some_and(|login| login.device))
        };
        let Some((request, client)) =
            request.and_then(|request| client(&request).map(|client| (request, client)))
        else {
            // A miss counts for the address.
            let fault = "This code is unknown or has expired. Codes are valid for 10 minutes.";
            return Ok(pages::device("", Some(fault), StatusCode::BAD_REQUEST));
        };
        let person = self.site.person(self.headers, now).await?;
        match (fields.get("step"), person) {
            (Some("login"), person) => self.log_in(&request, fields, person).await,
            (Some(step @ ("allow" | "deny")), Some(person)) => {
                self.decide(&request, client, step == "allow", fields, person).await
            }
            (_, person) => Ok(self.proceed(&request, person)),
        }
    }

    /// Returns the next page: the login page or the consent page.
    fn proceed(&self, request: &DeviceRequest, person: Option<Person>) -> Response {
        match person.filter(|person| person.age(self.now) <= FRESH) {
            Some(person) => with_cookies(consent_page(request, &person), &person),
            None => self.login_page(request, "", None, StatusCode::OK),
        }
    }

    async fn log_in(
        &self,
        request: &DeviceRequest,
        fields: &Form,
        before: Option<Person>,
    ) -> Result<Response, LedgerError> {
        let name = fields.get("username").unwrap_or_default();
        let person = match self.site.log_in(self.headers, fields, before, self.now).await? {
            Ok(person) => person,
            Err(refusal) => {
                if let Some(reason) = refusal.reason() {
                    self.note(request, "login refused", None, reason);
                }
                // A miss counts for the address.
                let missed = refusal == LoginRefusal::Wrong;
                let status = if missed { StatusCode::FORBIDDEN } else { StatusCode::OK };
                return Ok(refusal.page(|fault| self.login_page(request, name, fault, status)));
            }
        };
        self.note(request, "login succeeded", Some(&person.user.subject), "none");
        Ok(self.proceed(request, Some(person)))
    }

    /// Handles the button of the consent page.
    async fn decide(
        &self,
        request: &DeviceRequest,
        client: &Client,
        allowed: bool,
        fields: &Form,
        person: Person,
    ) -> Result<Response, LedgerError> {
        let is_form = super::cookies::is_form_of(&person.cookie, fields.get("form_token"));
        // An old session alone does not allow a device.
        if !is_form || person.age(self.now) > FRESH {
            return Ok(self.proceed(request, Some(person)));
        }
        let (user_code, now) = (request.user_code.clone(), self.now);
        let answer = if allowed {
            DeviceAnswer::Allowed(Box::new(new_grant(request, client, &person, now)))
        } else {
            DeviceAnswer::Denied
        };
        let ledger = &self.site.people.ledger;
        if !on_ledger(ledger, move |ledger| ledger.answer_device(&user_code, &answer, now)).await? {
            let fault = "This code has expired. Start again on the device.";
            return Ok(pages::device("", Some(fault), StatusCode::BAD_REQUEST));
        }
        let message = if allowed { "device allowed" } else { "device refused" };
        self.note(request, message, Some(&person.user.subject), "none");
        Ok(pages::device_answered(allowed))
    }

    fn login_page(
        &self,
        request: &DeviceRequest,
        name: &str,
        fault: Option<&str>,
        status: StatusCode,
    ) -> Response {
        let action = format!("?user_code={}", request.user_code);
        let mut page = login_page(self.headers, &request.client, "on another device", &action, name, fault);
        if page.status() == StatusCode::OK {
            *page.status_mut() = status;
        }
        page
    }

    /// Writes one line to the log.
    fn note(
        &self,
        request: &DeviceRequest,
        message: &'static str,
        subject: Option<&str>,
        reason: &'static str,
    ) {
        info!(
            event = "login",
            client = escape(&request.client),
            subject,
            reason,
            address = self.address.map(|address| address.to_string()),
            "{message}"
        );
    }
}

fn consent_page(request: &DeviceRequest, person: &Person) -> Response {
    pages::consent(&ConsentPage {
        client: &request.client,
        document: None,
        target: "",
        loopback: false,
        device: Some(&shown_user_code(&request.user_code)),
        action: &format!("?user_code={}", request.user_code),
        form_token: &super::cookies::form_token(&person.cookie),
        name: &person.user.name,
        scopes: &request.scopes,
        audiences: &request.audiences,
        offline: request.offline,
    })
}

/// Makes the grant: the request of the device, without the scopes and audiences that its client has lost.
fn new_grant(request: &DeviceRequest, client: &Client, person: &Person, now: u64) -> Grant {
    let may_be_offline = client.login.as_ref().is_some_and(|login| login.offline_access);
    Grant {
        id: request.grant,
        subject: person.user.subject.clone(),
        client: request.client.clone(),
        scopes: request.scopes.clone(),
        audiences: request.audiences.clone(),
        offline: request.offline && may_be_offline,
        authenticated: person.session.authenticated,
        acr: ACR.to_owned(),
        methods: person.session.methods.clone(),
        jkt: request.jkt.clone(),
        nonce: None,
        sid: request.scopes.iter().any(|scope| scope == OPENID).then(|| person.session.sid()),
        created: now,
        ended: None,
    }
}
