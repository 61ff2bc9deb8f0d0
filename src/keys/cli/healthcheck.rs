//! `healthcheck`: asks a running `serve` whether it lives or is ready, as a container runtime does.

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use jotgate_keys::Error;

use crate::arguments::Healthcheck;
use crate::say;

/// How long connecting, writing and each read may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// More than an answer has, in bytes.
const LONGEST_ANSWER: u64 = 16 * 1024;

/// Prints the server's answer.
///
/// # Errors
/// [`Error::Network`] if no address is named, if nothing answers there, and if the answer is not 200.
pub(crate) fn healthcheck(arguments: &Healthcheck) -> Result<(), Error> {
    let address = arguments.ops_listen.ok_or_else(|| {
        io::Error::other("`serve` answers at --ops-listen alone: give it here too, or in JOTGATE_OPS_LISTEN")
    })?;
    let path = if arguments.ready { "/healthz/ready" } else { "/healthz/live" };
    let reached = reachable(address);
    let refused = |why: &dyn std::fmt::Display| io::Error::other(format!("http://{reached}{path}: {why}"));
    let answer = get(reached, path)
        .map_err(|error| refused(&format!("{error}; does `serve` run with --ops-listen {address}?")))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).unwrap_or_default();
    match (head.starts_with("HTTP/1.1 "), status) {
        (true, "200") => say(body),
        (true, _) => Err(refused(&format!("{status}: {}", body.trim_end())).into()),
        (false, _) => Err(refused(&"the answer is not HTTP; is another program there?").into()),
    }
}

/// An address to connect to: a listener on every address is also on loopback.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

fn get(address: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(LONGEST_ANSWER).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
