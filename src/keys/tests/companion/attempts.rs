//! The limit of attempts per address, on the real binary behind a trusted proxy.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::client::{Answer, JWKS, ask, ask_token, send};
use crate::program::{Program, Serving};

const WRONG: &str = "grant_type=client_credentials&client_id=nobody&client_secret=wrong";

fn serve(further: &[&str]) -> (Program, Serving) {
    let program = Program::with_store(&[]);
    let words = [&["serve", "--listen", "127.0.0.1:0"], further].concat();
    let serving = Program::serving(&mut program.command(&words));
    (program, serving)
}

fn ask_from(server: SocketAddr, address: &str, form: &str) -> Answer {
    ask_token(server, &[("x-forwarded-for", address)], form)
}

#[test]
fn an_address_that_fails_too_often_waits_and_the_key_set_is_still_served() {
    let (_program, serving) = serve(&["--attempts-per-address", "5"]);
    let server = serving.address;
    for _ in 0..5 {
        assert_eq!(ask_token(server, &[], WRONG).status, 400);
    }
    // The attempt that finds none left is the last that is answered.
    ask_token(server, &[], WRONG);
    let answer = ask_token(server, &[], WRONG);
    assert_eq!(answer.status, 429);
    let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=13).contains(&wait), "{wait}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(answer.body.contains("\"error\":\"temporarily_unavailable\""), "{}", answer.body);
    for _ in 0..20 {
        assert_eq!(ask(server, "GET", JWKS, &[]).status, 200);
        assert_eq!(ask(server, "GET", "/.well-known/oauth-authorization-server", &[]).status, 200);
    }
    for _ in 0..5 {
        assert_ne!(ask(server, "GET", "/authorize", &[]).status, 429, "pages are counted by themselves");
    }
    let answer = ask(server, "GET", "/authorize", &[]);
    assert_eq!(answer.status, 429);
    assert!(answer.header("retry-after").is_some());
    std::thread::sleep(Duration::from_secs(wait));
    assert_eq!(ask_token(server, &[], WRONG).status, 400, "it may try again after that time");
}

#[test]
fn tokens_that_are_granted_are_not_counted() {
    let program = Program::with_store(&[]);
    let secret = program.done(&["clients", "add", "worker", "--audience", "api"]);
    let secret = secret.split_whitespace().find(|word| word.len() == 43).unwrap();
    let words = ["serve", "--listen", "127.0.0.1:0", "--attempts-per-address", "3"];
    let serving = Program::serving(&mut program.command(&words));
    let form = format!("grant_type=client_credentials&client_id=worker&client_secret={secret}");
    for _ in 0..30 {
        assert_eq!(ask_token(serving.address, &[], &form).status, 200);
    }
}

#[test]
fn zero_is_no_limit() {
    let (_program, serving) = serve(&["--attempts-per-address", "0"]);
    for _ in 0..100 {
        assert_eq!(ask_token(serving.address, &[], WRONG).status, 400);
    }
}

#[test]
fn an_ipv6_network_is_one_address_and_only_the_last_hop_past_the_proxy_counts() {
    let (_program, serving) = serve(&["--attempts-per-address", "3", "--trusted-proxy", "127.0.0.0/8"]);
    let server = serving.address;
    for host in 0..4 {
        ask_from(server, &format!("2001:db8:1:2:{host}::1"), WRONG);
    }
    assert_eq!(ask_from(server, "2001:db8:1:2:ffff::1", WRONG).status, 429);
    assert_eq!(ask_from(server, "2001:db8:1:3::1", WRONG).status, 400);
    // Entries that a client writes itself are further left.
    for number in 0..4 {
        ask_from(server, &format!("198.51.100.{number}, 192.0.2.1"), WRONG);
    }
    assert_eq!(ask_from(server, "203.0.113.9, 192.0.2.1", WRONG).status, 429);
    assert_eq!(ask_from(server, "192.0.2.1, 203.0.113.9", WRONG).status, 400);
}

#[test]
fn without_a_trusted_proxy_nobody_escapes_by_a_header() {
    let (_program, serving) = serve(&["--attempts-per-address", "3"]);
    for number in 0..4 {
        ask_from(serving.address, &format!("192.0.2.{number}"), WRONG);
    }
    assert_eq!(ask_from(serving.address, "192.0.2.200", WRONG).status, 429);
}

#[test]
fn ten_thousand_addresses_that_fail_keep_nobody_else_out() {
    let (_program, serving) = serve(&["--attempts-per-address", "1", "--trusted-proxy", "127.0.0.0/8"]);
    let server = serving.address;
    let mut stream = TcpStream::connect(server).unwrap();
    let media_type = "content-type: application/x-www-form-urlencoded";
    for block in 0..100 {
        let mut requests = String::new();
        for number in 0..100 {
            let last = if (block, number) == (99, 99) { "connection: close\r\n" } else { "" };
            let from = format!("x-forwarded-for: 10.7.{block}.{number}");
            let length = WRONG.len();
            requests.push_str(&format!(
                "POST /token HTTP/1.1\r\nhost: test\r\n{last}{from}\r\n{media_type}\r\ncontent-length: {length}\r\n\r\n{WRONG}"
            ));
        }
        stream.write_all(requests.as_bytes()).unwrap();
        if block < 99 {
            let mut seen = 0;
            let mut buffer = vec![0; 1 << 16];
            let mut text = String::new();
            while seen < 100 {
                let count = stream.read(&mut buffer).unwrap();
                assert!(count > 0);
                text.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
                seen = text.matches("HTTP/1.1 400").count();
                assert!(!text.contains("HTTP/1.1 429"));
            }
        }
    }
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    assert_eq!(ask_from(server, "192.0.2.77", WRONG).status, 400, "another address is answered");
    let _ = ask_from(server, "10.7.5.5", WRONG);
    assert_eq!(ask_from(server, "10.7.5.5", WRONG).status, 429, "each of them was counted");
    let request = format!("GET {JWKS} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
    assert_eq!(send(server, request.as_bytes()).status, 200);
}
