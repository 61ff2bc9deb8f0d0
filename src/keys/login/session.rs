//! Finds the person who is logged in in a browser, and logs people in.

use axum::http::HeaderMap;
use axum::response::Response;

use super::{SESSION_LIMITS, Site, cookies};
use crate::grants::{METHOD, PasswordOutcome, check_credentials, on_ledger};
use crate::http::Form;
use crate::ledger::{LedgerError, Secret, SecretHash, Session, User};
use crate::pages::{self, LoginPage};

/// The time after a login for which it counts as a login for the current request, in seconds.
pub(super) const FRESH: u64 = 600;

/// A person who is logged in.
pub(super) struct Person {
    pub(super) session: Session,
    pub(super) user: User,
    /// The cookie, which binds forms to this browser.
    pub(super) cookie: String,
    /// The cookies that are new and have to be sent: the session's, and the one by which the browser is known.
    new: Option<[Secret; 2]>,
}

impl Person {
    /// Returns the time since the person entered the password, in seconds.
    pub(super) fn age(&self, now: u64) -> u64 {
        now.saturating_sub(self.session.authenticated)
    }
}

/// The reason why the form of the login page is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LoginRefusal {
    /// The form was made for another browser, or too long ago.
    Stale,
    /// The name or the password is wrong.
    Wrong,
    /// There were too many wrong passwords.
    TooMany {
        /// The seconds until the next attempt is allowed.
        after: u64,
    },
    /// Too many passwords wait to be checked, or the system has no randomness.
    Unavailable,
}

impl LoginRefusal {
    /// Returns the code for the log, or `None` if it is not the person's fault.
    pub(super) const fn reason(self) -> Option<&'static str> {
        match self {
            Self::Wrong => Some("credentials_wrong"),
            Self::TooMany { .. } => Some("account_limited"),
            Self::Stale | Self::Unavailable => None,
        }
    }

    /// Returns the page for the browser. `form` makes the login page with a fault.
    pub(super) fn page(self, form: impl FnOnce(Option<&'static str>) -> Response) -> Response {
        match self {
            Self::Stale => form(Some("This page was open for too long. Please try again.")),
            Self::Wrong => form(Some("The name or the password is wrong.")),
            Self::TooMany { after } => pages::too_many(after),
            Self::Unavailable => pages::unavailable(),
        }
    }
}

impl Site {
    /// Returns the person who is logged in, by the session cookie.
    pub(super) async fn person(&self, headers: &HeaderMap, now: u64) -> Result<Option<Person>, LedgerError> {
        let Some(cookie) = cookies::find(headers, cookies::SESSION) else { return Ok(None) };
        let hash = SecretHash::of(cookie.as_bytes());
        let found = on_ledger(&self.people.ledger, move |ledger| ledger.session(&hash, SESSION_LIMITS, now));
        let cookie = cookie.to_owned();
        Ok(found.await?.map(|(session, user)| Person { session, user, cookie, new: None }))
    }

    /// Logs a person in by the fields of the login form. `before` is the person who was logged in until now.
    pub(super) async fn log_in(
        &self,
        headers: &HeaderMap,
        fields: &Form,
        before: Option<Person>,
        now: u64,
    ) -> Result<Result<Person, LoginRefusal>, LedgerError> {
        let cookie = cookies::find(headers, cookies::FORM);
        if !cookie.is_some_and(|cookie| cookies::is_form_of(cookie, fields.get("form_token"))) {
            return Ok(Err(LoginRefusal::Stale));
        }
        let name = fields.get("username").unwrap_or_default();
        let password = fields.get("password").unwrap_or_default();
        let known = cookies::find(headers, cookies::BROWSER).map(|text| SecretHash::of(text.as_bytes()));
        let user = match check_credentials(&self.people, name, password, known, now).await? {
            PasswordOutcome::Right(user) => user,
            PasswordOutcome::Wrong => return Ok(Err(LoginRefusal::Wrong)),
            PasswordOutcome::TooMany { after } => return Ok(Err(LoginRefusal::TooMany { after })),
            PasswordOutcome::Crowded => return Ok(Err(LoginRefusal::Unavailable)),
        };
        let (Ok(secret), Ok(browser)) = (Secret::generate(), Secret::generate()) else {
            return Ok(Err(LoginRefusal::Unavailable));
        };
        let session = Session {
            hash: secret.hash(),
            subject: user.subject.clone(),
            authenticated: now,
            methods: vec![METHOD.to_owned()],
            last_seen: now,
        };
        // Each login makes a new session identifier, so that an attacker cannot fix it before.
        let (opened, replaced) = (session.clone(), before.map(|before| before.session.hash));
        let browser_hash = browser.hash();
        on_ledger(&self.people.ledger, move |ledger| {
            ledger.forget_failures(&opened.subject)?;
            ledger.remember_browser(&browser_hash, known.as_ref(), &opened.subject, now)?;
            ledger.open_session(&opened, replaced.as_ref())
        })
        .await?;
        let cookie = secret.expose().to_owned();
        Ok(Ok(Person { session, user, cookie, new: Some([secret, browser]) }))
    }
}

/// Adds the cookies of a person who has just logged in.
pub(super) fn with_cookies(mut answer: Response, person: &Person) -> Response {
    if let Some([session, browser]) = &person.new {
        cookies::set(&mut answer, cookies::SESSION, session);
        cookies::set_for(cookies::BROWSER_LIFE, &mut answer, cookies::BROWSER, browser);
        cookies::remove(&mut answer, cookies::FORM);
    }
    answer
}

/// Makes the page that asks for a name and a password. `target` describes where the person continues afterwards.
pub(super) fn login_page(
    headers: &HeaderMap,
    client: &str,
    target: &str,
    action: &str,
    name: &str,
    fault: Option<&str>,
) -> Response {
    let known = cookies::find(headers, cookies::FORM).map(str::to_owned);
    let new = if known.is_none() { Secret::generate().ok() } else { None };
    let cookie = known.or_else(|| new.as_ref().map(|secret| secret.expose().to_owned()));
    let Some(cookie) = cookie else { return pages::unavailable() };
    let form_token = cookies::form_token(&cookie);
    let mut answer =
        pages::login(&LoginPage { client, target, action, form_token: &form_token, name, fault });
    if let Some(new) = &new {
        cookies::set(&mut answer, cookies::FORM, new);
    }
    answer
}
