//! Sends requests as text, and returns responses as they came over the wire.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

pub(crate) const JWKS: &str = "/.well-known/jwks.json";

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    /// The one value of that header; `None` if it is not there.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let values: Vec<&str> = self
            .head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .filter(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .collect();
        assert!(values.len() <= 1, "{name}: {values:?}");
        values.first().copied()
    }

    /// Every value of that header.
    pub(crate) fn headers(&self, name: &str) -> Vec<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }

    pub(crate) fn kids(&self) -> Vec<String> {
        let set: Value = serde_json::from_str(&self.body).unwrap();
        let keys = set["keys"].as_array().unwrap().iter();
        keys.map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    }
}

/// Sends a request without a body and reads until the server closes.
#[track_caller]
pub(crate) fn ask(server: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    send(
        server,
        format!("{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{lines}\r\n").as_bytes(),
    )
}

#[track_caller]
pub(crate) fn get_set(server: SocketAddr) -> Answer {
    let answer = ask(server, "GET", JWKS, &[]);
    assert_eq!(answer.status, 200);
    answer
}

/// Asks for a token with that form.
#[track_caller]
pub(crate) fn ask_token(server: SocketAddr, headers: &[(&str, &str)], form: &str) -> Answer {
    ask_form(server, "/token", headers, form)
}

/// Posts that form.
#[track_caller]
pub(crate) fn ask_form(server: SocketAddr, path: &str, headers: &[(&str, &str)], form: &str) -> Answer {
    let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let media_type = "content-type: application/x-www-form-urlencoded";
    let head = format!("POST {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{media_type}\r\n{lines}");
    send(server, format!("{head}content-length: {}\r\n\r\n{form}", form.len()).as_bytes())
}

/// Posts that form to a server that may be killed meanwhile: `None` without a whole answer.
pub(crate) fn try_form(server: SocketAddr, path: &str, form: &str) -> Option<Answer> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         content-length: {}\r\n\r\n",
        form.len()
    );
    let mut stream = TcpStream::connect(server).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
    stream.write_all(format!("{head}{form}").as_bytes()).ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, head: head.to_owned(), body: body.to_owned() })
}

/// Sends any bytes and reads until the server closes.
#[track_caller]
pub(crate) fn send(server: SocketAddr, bytes: &[u8]) -> Answer {
    send_within(Duration::from_secs(20), server, bytes)
}

/// [`send`] to a server that may be silent for so long.
#[track_caller]
pub(crate) fn send_within(patience: Duration, server: SocketAddr, bytes: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(server).unwrap();
    stream.set_read_timeout(Some(patience)).unwrap();
    stream.write_all(bytes).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}
