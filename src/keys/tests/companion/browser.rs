//! A browser without JavaScript: it keeps cookies, fills in forms and follows nothing by itself.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde_json::Value;

use crate::client::{Answer, send};

/// What a browser behind a trusted proxy sends and keeps.
#[derive(Debug)]
pub(crate) struct Browser {
    server: SocketAddr,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    pub(crate) fn new(server: SocketAddr) -> Self {
        Self { server, cookies: BTreeMap::new() }
    }

    /// Goes on with a server that was started again.
    pub(crate) fn moved_to(&mut self, server: SocketAddr) {
        self.server = server;
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    pub(crate) fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    #[track_caller]
    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.ask("GET", path, "")
    }

    /// Sends the form of a page, with these fields filled in, as its button does.
    #[track_caller]
    pub(crate) fn submit(&mut self, path: &str, page: &Answer, fields: &[(&str, &str)]) -> Answer {
        let action = between(&page.body, "action=\"", "\"").map(unescape).unwrap_or_default();
        let path = format!("{}{action}", path.split('?').next().unwrap());
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        for input in page.body.split("<input type=\"hidden\" ").skip(1) {
            let (name, value) =
                (between(input, "name=\"", "\"").unwrap(), between(input, "value=\"", "\"").unwrap());
            form.append_pair(name, &unescape(value));
        }
        form.extend_pairs(fields);
        self.ask("POST", &path, &form.finish())
    }

    #[track_caller]
    pub(crate) fn ask(&mut self, method: &str, path: &str, body: &str) -> Answer {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: issuer.example\r\nconnection: close\r\nx-forwarded-proto: https\r\n\
             x-forwarded-for: 192.0.2.1\r\ncookie: {}\r\ncontent-type: application/x-www-form-urlencoded\r\n\
             content-length: {}\r\n\r\n{body}",
            cookies.join("; "),
            body.len()
        );
        let answer = send(self.server, request.as_bytes());
        for line in answer.headers("set-cookie") {
            assert!(line.contains("; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age="), "{line}");
            let (name, rest) = line.split_once('=').unwrap();
            match rest.split(';').next().unwrap() {
                "" => self.cookies.remove(name),
                value => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        answer
    }

    /// Logs in by the page for that request, and allows what is asked; the answer that goes to the client.
    #[track_caller]
    pub(crate) fn log_in(&mut self, path: &str, name: &str, password: &str) -> Answer {
        let page = self.get(path);
        assert!(page.body.contains("type=\"password\""), "{} {}", page.status, page.body);
        let next = self.submit(path, &page, &[("username", name), ("password", password)]);
        if next.status == 303 { next } else { self.submit(path, &next, &[("step", "allow")]) }
    }
}

/// A parameter of the address that an answer redirects to.
#[track_caller]
pub(crate) fn parameter(answer: &Answer, name: &str) -> Option<String> {
    assert_eq!(answer.status, 303, "{}", answer.body);
    let url = url::Url::parse(answer.header("location").unwrap()).unwrap();
    let fragment = url.fragment().unwrap_or_default();
    let mut pairs = url.query_pairs().chain(url::form_urlencoded::parse(fragment.as_bytes()));
    pairs.find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
}

/// The claims of a token, unverified.
pub(crate) fn claims(token: &str) -> Value {
    use base64ct::{Base64UrlUnpadded, Encoding};
    let claims = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&Base64UrlUnpadded::decode_vec(claims).unwrap()).unwrap()
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    text.split_once(before)?.1.split_once(after).map(|(found, _)| found)
}

fn unescape(text: &str) -> String {
    text.replace("&#38;", "&").replace("&amp;", "&").replace("&#34;", "\"").replace("&#39;", "'")
}
