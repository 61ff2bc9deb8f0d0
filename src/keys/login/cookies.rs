//! Reads and sets the cookies of a login, and makes the tokens that bind forms to them.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use base64ct::{Base64UrlUnpadded, Encoding};

use super::SESSION_LIMITS;
use crate::ledger::{Secret, SecretHash};

/// The cookie of a person who is logged in. `__Host-` keeps other hosts from setting it (RFC 6265bis §4.1.3.2).
pub(super) const SESSION: &str = "__Host-jotgate-session";
/// The cookie of a browser that sees the login form.
pub(super) const FORM: &str = "__Host-jotgate-form";
/// The cookie of a browser in which a person has logged in before.
pub(super) const BROWSER: &str = "__Host-jotgate-browser";
/// How long a browser keeps that cookie, in seconds.
pub(super) const BROWSER_LIFE: u64 = 365 * 86_400;

/// Returns the value of a cookie, if the request has it exactly once.
pub(super) fn find<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(found, _)| *found == name).map(|(_, value)| value);
    let first = values.next();
    first.filter(|value| values.next().is_none() && value.len() == 43)
}

/// Sets a cookie for as long as a session may live.
pub(super) fn set(answer: &mut Response, name: &str, value: &Secret) {
    set_for(SESSION_LIMITS.absolute, answer, name, value);
}

/// Sets a cookie for this many seconds.
pub(super) fn set_for(life: u64, answer: &mut Response, name: &str, value: &Secret) {
    let value = value.expose();
    append(answer, &format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={life}"));
}

/// Removes a cookie.
pub(super) fn remove(answer: &mut Response, name: &str) {
    append(answer, &format!("{name}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"));
}

fn append(answer: &mut Response, line: &str) {
    if let Ok(mut line) = HeaderValue::try_from(line) {
        line.set_sensitive(true);
        answer.headers_mut().append(SET_COOKIE, line);
    }
}

/// Returns the hidden field that proves that a form was made for the browser with that cookie. Other sites can neither read nor set it.
pub(super) fn form_token(cookie: &str) -> String {
    let hash = SecretHash::of(format!("jotgate-keys form\n{cookie}").as_bytes());
    Base64UrlUnpadded::encode_string(hash.as_bytes())
}

/// Whether a form was made for the browser with that cookie.
pub(super) fn is_form_of(cookie: &str, token: Option<&str>) -> bool {
    let expected = form_token(cookie);
    token.is_some_and(|token| verify_slices_are_equal(token.as_bytes(), expected.as_bytes()).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_that_is_there_twice_or_is_none_of_ours_is_not_found() {
        let value = Secret::generate().unwrap().expose().to_owned();
        let found = |line: String| {
            let headers = HeaderMap::from_iter([(COOKIE, HeaderValue::try_from(line).unwrap())]);
            find(&headers, SESSION).map(str::to_owned)
        };
        assert_eq!(found(format!("a=b; {SESSION}={value}")), Some(value.clone()));
        for line in
            [format!("{SESSION}={value}; {SESSION}={value}"), format!("{SESSION}=x"), "a=b".to_owned()]
        {
            assert_eq!(found(line.clone()), None, "{line}");
        }
    }

    #[test]
    fn a_form_belongs_to_one_cookie() {
        let token = form_token("one");
        assert!(is_form_of("one", Some(&token)));
        assert!(!is_form_of("two", Some(&token)) && !is_form_of("one", Some("")) && !is_form_of("one", None));
    }
}
