//! The limits of tries per account, over real HTTP behind a trusted proxy.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use crate::browser::{Browser, parameter};
use crate::client::{Answer, ask_form, ask_token, send_within};
use crate::login::{PASSWORD, request, served};

const MEDIA_TYPE: &str = "content-type: application/x-www-form-urlencoded";
/// How many addresses try at least.
const ADDRESSES: u32 = 10_000;
/// How many requests are sent before their answers are read.
const BATCH: u32 = 100;

/// A browser without a login, and the form that it sends.
struct Stranger {
    server: SocketAddr,
    cookie: String,
    form: String,
}

impl Stranger {
    fn new(server: SocketAddr, name: &str) -> Self {
        let mut browser = Browser::new(server);
        let page = browser.get(&request(""));
        let token =
            page.body.split_once("name=\"form_token\" value=\"").unwrap().1.split_once('"').unwrap().0;
        let form = format!("form_token={token}&step=login&username={name}&password=wrong");
        let cookie = format!("__Host-jotgate-form={}", browser.cookie("__Host-jotgate-form").unwrap());
        Self { server, cookie, form }
    }

    /// One try from that address, as a request.
    fn request(&self, address: u32, more: &str) -> String {
        let [_, b, c, d] = address.to_be_bytes();
        format!(
            "POST {} HTTP/1.1\r\nhost: issuer.example\r\n{more}x-forwarded-proto: https\r\nx-forwarded-for: 10.{b}.{c}.{d}\r\n\
             cookie: {}\r\n{MEDIA_TYPE}\r\ncontent-length: {}\r\n\r\n{}",
            request(""),
            self.cookie,
            self.form.len(),
            self.form
        )
    }

    /// Tries from each of these addresses over one connection; how many tries were checked, and how many had to wait.
    fn tries(&self, addresses: std::ops::Range<u32>) -> (usize, usize) {
        let count = (addresses.end - addresses.start) as usize;
        let mut stream = TcpStream::connect(self.server).unwrap();
        let requests: String = addresses.map(|address| self.request(address, "")).collect();
        let mut writing = stream.try_clone().unwrap();
        let writer = thread::spawn(move || writing.write_all(requests.as_bytes()).unwrap());
        let (mut text, mut buffer) = (String::new(), vec![0; 1 << 16]);
        let seen = |text: &str, status: &str| text.matches(&format!("HTTP/1.1 {status}")).count();
        while seen(&text, "200") + seen(&text, "429") < count {
            let read = stream.read(&mut buffer).unwrap();
            assert!(read > 0, "{} of {count} answers", seen(&text, ""));
            text.push_str(&String::from_utf8_lossy(&buffer[..read]));
        }
        writer.join().unwrap();
        (seen(&text, "200"), seen(&text, "429"))
    }

    fn try_once(&self, address: u32) -> Answer {
        // It may wait for all that came before it.
        send_within(
            Duration::from_mins(2),
            self.server,
            self.request(address, "connection: close\r\n").as_bytes(),
        )
    }
}

#[test]
fn ten_thousand_addresses_guess_a_hundred_times_and_the_owner_logs_in_from_a_known_browser() {
    let (program, serving) = served();
    let again = request("&prompt=login");
    let mut owner = Browser::new(serving.address);
    assert!(parameter(&owner.log_in(&request(""), "ada", PASSWORD), "code").is_some());
    assert!(owner.cookie("__Host-jotgate-browser").is_some());
    let old = ["--audience", "api", "--redirect", "https://web.example/login", "--password-grant"];
    let added = program.done(&[&["clients", "add", "old"][..], &old].concat());
    let secret = added.split_whitespace().find(|word| word.len() == 43).unwrap();
    let stranger = Stranger::new(serving.address, "ada");
    let (mut checked, mut waited) = (0, 0);
    for first in (0..ADDRESSES).step_by(BATCH as usize) {
        let (more_checked, more_waited) = stranger.tries(first..first + BATCH);
        (checked, waited) = (checked + more_checked, waited + more_waited);
    }
    // One more where ten minutes passed meanwhile.
    assert!((100..=101).contains(&checked), "{checked} passwords were checked");
    assert_eq!(checked + waited, ADDRESSES as usize);
    let mut new = Browser::new(serving.address);
    let page = new.get(&request(""));
    let refused = new.submit("/authorize", &page, &[("username", "Ada"), ("password", PASSWORD)]);
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert_eq!((refused.status, (1..=600).contains(&wait)), (429, true), "{wait}");
    assert!(refused.body.contains("too many wrong passwords"), "{}", refused.body);
    // The password grant counts for the account, too.
    let password = PASSWORD.replace(' ', "+");
    let form =
        format!("grant_type=password&client_id=old&client_secret={secret}&username=ada&password={password}");
    let granted = || ask_token(serving.address, &[("x-forwarded-for", "10.9.9.9")], &form);
    let answer = granted();
    assert_eq!((answer.status, answer.header("retry-after").is_some()), (429, true), "{}", answer.body);
    let before = owner.cookie("__Host-jotgate-browser").unwrap().to_owned();
    assert!(parameter(&owner.log_in(&again, "ada", PASSWORD), "code").is_some());
    assert_ne!(owner.cookie("__Host-jotgate-browser"), Some(before.as_str()), "each login has another");
    assert_eq!(granted().status, 200, "a success ends the row of failures");
    assert!(program.done(&["users", "list", "--json"]).contains("\"failures\":0"));
    assert!(parameter(&new.log_in(&request(""), "ada", PASSWORD), "code").is_some());
    serving.signal("TERM");
    let log = serving.ended().log;
    assert!(log.contains("account_limited"), "{log}");
    assert!(!log.contains(PASSWORD));
}

#[test]
fn users_unlock_lets_unknown_browsers_log_in_again_at_once() {
    let (program, serving) = served();
    let stranger = Stranger::new(serving.address, "ada");
    let (checked, waited) = stranger.tries(0..110);
    assert_eq!((checked, waited), (100, 10));
    let mut new = Browser::new(serving.address);
    let page = new.get(&request(""));
    let log_in =
        |new: &mut Browser| new.submit("/authorize", &page, &[("username", "ada"), ("password", PASSWORD)]);
    assert_eq!(log_in(&mut new).status, 429);
    program.done(&["users", "unlock", "ada"]);
    assert!(program.done(&["users", "list", "--json"]).contains("\"failures\":0"));
    let consent = log_in(&mut new);
    assert!(consent.status == 200 && consent.body.contains("value=\"allow\""), "{}", consent.body);
    assert_eq!(program.refused(&["users", "unlock", "grace"]), "there is no person `grace`");
}

#[test]
fn more_passwords_than_may_wait_are_answered_503_and_the_rest_is_checked() {
    let (_program, serving) = served();
    let stranger = Stranger::new(serving.address, "nobody");
    let statuses: Vec<u16> = thread::scope(|scope| {
        let threads: Vec<_> = (0..160)
            .map(|number| {
                let stranger = &stranger;
                scope.spawn(move || {
                    let answer = stranger.try_once(number);
                    assert!(answer.status != 503 || answer.header("retry-after") == Some("5"));
                    answer.status
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let count = |status| statuses.iter().filter(|found| **found == status).count();
    assert_eq!(count(200) + count(503), statuses.len(), "{statuses:?}");
    assert!(count(503) > 0 && count(200) >= 68, "{statuses:?}");
    let mut browser = Browser::new(serving.address);
    assert!(parameter(&browser.log_in(&request(""), "ada", PASSWORD), "code").is_some());
    assert_eq!(ask_form(serving.address, "/revoke", &[], "client_id=app&token=x").status, 200);
}
