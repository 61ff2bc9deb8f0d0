//! The binary: every command as a process of its own, beside a running `serve`.

use std::io::Write;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use jotgate_keys::{SqliteStore, Store};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::Value;

use crate::client::{Answer, get_set};
use crate::program::Program;

const TOKEN: [&str; 7] = ["token", "--sub", "somebody", "--audience", "api", "--scope", "items:read"];

/// The token's claims, if jsonwebtoken verifies it with the published set and the clock of this machine.
#[track_caller]
fn verified(set: &Answer, token: &str) -> Value {
    let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
    let set: JwkSet = serde_json::from_str(&set.body).unwrap();
    let kid = kid(token);
    let jwk = set.find(&kid).unwrap_or_else(|| panic!("`{kid}` is not published"));
    let mut validation = Validation::new(Algorithm::ES256);
    validation.leeway = 0;
    validation.set_audience(&["api"]);
    validation.set_issuer(&["https://issuer.example"]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    decode(token, &DecodingKey::from_jwk(jwk).unwrap(), &validation).unwrap().claims
}

fn kid(token: &str) -> String {
    decode_header(token).unwrap().kid.unwrap()
}

/// What `init` and `rotate` wrote as private keys.
fn private_keys(program: &Program) -> Vec<String> {
    let (_, document) = SqliteStore::open(&program.path()).unwrap().load().unwrap();
    let text = String::from_utf8(document.as_bytes().to_vec()).unwrap();
    let keys: Vec<String> =
        text.split("\"plain\":\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect();
    assert!(keys.iter().all(|key| key.len() > 100) && !keys.is_empty());
    keys
}

#[test]
fn tokens_of_the_old_and_of_the_new_key_verify_with_the_served_set_right_after_a_rotation() {
    let program = Program::with_store(&[]);
    let serving = program.serve();
    let old = program.done(&TOKEN);
    let claims = verified(&get_set(serving.address), old.trim_end());
    assert_eq!((claims["sub"].as_str(), claims["scope"].as_str()), (Some("somebody"), Some("items:read")));
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 1800);

    let said = program.done(&["keys", "rotate"]);
    assert!(said.contains("wait 300 s (max-age)"), "{said}");
    // No pause: when the command ends, every server has the key that signs from then on.
    let new = program.done(&TOKEN);
    let set = get_set(serving.address);
    assert_ne!(kid(&old), kid(&new));
    assert_eq!(set.kids(), [kid(&new), kid(&old)]);
    for token in [&old, &new] {
        assert_eq!(token.lines().count(), 1);
        verified(&set, token.trim_end());
    }

    let list = program.done(&["keys", "list"]);
    let rows: Vec<&str> = list.lines().skip(1).collect();
    assert!(rows[0].starts_with(&kid(&new)) && rows[0].contains("  signing  "), "{list}");
    assert!(rows[1].starts_with(&kid(&old)) && rows[1].contains("  retiring  "), "{list}");

    serving.signal("TERM");
    let ended = serving.ended();
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), ""), "{}", ended.log);
    for secret in private_keys(&program).iter().map(String::as_str).chain([old.trim_end(), new.trim_end()]) {
        assert!(![&said, &list, &ended.log].iter().any(|text| text.contains(secret)));
    }
}

#[test]
fn during_a_rotation_the_old_key_signs_until_the_new_one_is_served() {
    let program = Program::with_store(&[]);
    let serving = program.serve();
    let mut rotate = program.command(&["keys", "rotate"]).stdout(Stdio::null()).spawn().unwrap();
    let mut tokens = 0;
    while rotate.try_wait().unwrap().is_none() {
        let token = program.done(&TOKEN);
        verified(&get_set(serving.address), token.trim_end());
        tokens += 1;
    }
    assert!(rotate.wait().unwrap().success());
    assert!(tokens > 1);
    assert_eq!(get_set(serving.address).kids().len(), 2);
}

#[test]
fn rotations_that_race_lose_no_key_and_end_with_one_signer() {
    let program = Program::with_store(&["--replica-delay", "0"]);
    let first = kid(&program.done(&TOKEN));
    let racing: Vec<_> = (0..4)
        .map(|_| {
            let mut command = program.command(&["keys", "rotate"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let mut signed = vec![first];
    for child in racing {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let out = String::from_utf8(output.stdout).unwrap();
        let last_words = out.lines().find(|line| line.contains(" signs now; ")).unwrap();
        signed.push(last_words.split(' ').next().unwrap().to_owned());
    }
    let list = program.done(&["keys", "list"]);
    for kid in &signed {
        assert!(list.contains(kid.as_str()), "{kid}\n{list}");
    }
    assert_eq!(list.matches("  signing  ").count(), 1, "{list}");
    assert_eq!(list.matches("  staged  ").count(), 0, "{list}");
    signed.sort_unstable();
    signed.dedup();
    assert_eq!(list.lines().count() - 1, signed.len(), "every key that is there signed\n{list}");
}

#[test]
fn five_rotations_in_a_row_drop_no_key() {
    let program = Program::with_store(&["--replica-delay", "0"]);
    let mut tokens = vec![program.done(&TOKEN)];
    for _ in 0..5 {
        program.done(&["keys", "rotate"]);
        tokens.push(program.done(&TOKEN));
    }
    let serving = program.serve();
    let set = get_set(serving.address);
    assert_eq!(set.kids().len(), 6);
    for token in tokens {
        verified(&set, token.trim_end());
    }
}

#[test]
fn only_init_makes_a_store() {
    let program = Program::new();
    for arguments in [vec!["serve"], TOKEN.to_vec(), vec!["keys", "list"], vec!["keys", "rotate"]] {
        let said = program.refused(&arguments);
        assert!(said.starts_with("there is no store at `") && said.contains("init"), "{said}");
        assert!(!program.path().parent().unwrap().exists());
    }
}

#[test]
fn a_second_init_changes_nothing() {
    let program = Program::with_store(&[]);
    let before = std::fs::read(program.path()).unwrap();
    let said = program.refused(&["init", "--issuer", "https://other.example"]);
    assert!(said.contains("nothing was changed"), "{said}");
    assert_eq!(std::fs::read(program.path()).unwrap(), before);
}

#[test]
fn the_store_is_closed_to_others_whatever_the_mask_says() {
    let program = Program::new();
    let init = "umask 000; exec \"$0\" init --issuer https://issuer.example";
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", init, env!("CARGO_BIN_EXE_jotgate-keys")]).env("JOTGATE_STORE", program.path());
    assert!(shell.output().unwrap().status.success());
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&program.path()), mode(program.path().parent().unwrap())), (0o600, 0o700));
}

#[test]
fn a_damaged_store_is_refused_by_every_command_and_left_as_it_is() {
    let program = Program::with_store(&[]);
    let whole = std::fs::read(program.path()).unwrap();
    let damaged = [whole[..whole.len() / 2].to_vec(), vec![], {
        let mut altered = whole.clone();
        // Inside of the document: SQLite itself has no checksum.
        let place = altered.windows(7).position(|bytes| bytes == b"max_age").unwrap();
        altered[place + 9] ^= 1;
        altered
    }];
    for bytes in damaged {
        std::fs::write(program.path(), &bytes).unwrap();
        for arguments in [vec!["serve"], TOKEN.to_vec(), vec!["keys", "list"], vec!["keys", "rotate"]] {
            let said = program.refused(&arguments);
            assert!(said.contains("damaged") || said.contains("is not a store"), "{said}");
            assert_eq!(std::fs::read(program.path()).unwrap(), bytes);
        }
    }
}

#[test]
fn what_can_not_be_done_is_one_line_and_exit_code_1() {
    let program = Program::with_store(&["--longest-life", "60"]);
    for (arguments, words) in [
        (vec!["token", "--sub", "a", "--ttl", "61"], "a life of 61 s was asked for, the key signs 1 to 60 s"),
        (vec!["token", "--sub", ""], "the subject must have"),
        (vec!["token", "--sub", "a", "--scope", "a  b"], "a scope is"),
        (vec!["serve", "--listen", "0.0.0.0:0"], "is no loopback address"),
        (vec!["init", "--issuer", "https://a.example", "--max-age", "0"], "the max-age of 0 s is outside of"),
    ] {
        let said = program.refused(&arguments);
        assert!(said.contains(words), "{said}");
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let said = program.refused(&["serve", "--listen", &taken.local_addr().unwrap().to_string()]);
    assert!(said.contains("can't be listened on"), "{said}");
}

#[test]
fn misuse_is_exit_code_2() {
    let program = Program::with_store(&[]);
    for arguments in [
        vec![],
        vec!["mint"],
        vec!["token"],
        vec!["token", "--sub", "a", "--ttl", "0"],
        vec!["token", "--sub", "a", "--ttl", "soon"],
        vec!["init"],
        vec!["init", "--issuer", "issuer.example"],
        vec!["serve", "--listen", "localhost"],
        vec!["keys"],
    ] {
        let output = program.run(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty());
    }
}

#[test]
fn a_token_without_a_life_lives_no_longer_than_the_ring_allows() {
    let program = Program::with_store(&["--longest-life", "60"]);
    let serving = program.serve();
    let claims = verified(&get_set(serving.address), program.done(&TOKEN).trim_end());
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 60);
}

#[test]
fn every_command_shows_an_example() {
    let program = Program::new();
    for arguments in [
        vec!["--help"],
        vec!["init", "--help"],
        vec!["serve", "--help"],
        vec!["token", "--help"],
        vec!["keys", "--help"],
        vec!["keys", "list", "--help"],
        vec!["keys", "rotate", "--help"],
    ] {
        let help = program.done(&arguments);
        assert!(help.contains("Example:\n  jotgate-keys") || help.contains("Example:\n  curl"), "{help}");
    }
}

#[test]
fn a_second_signal_ends_at_once_while_a_request_is_under_way() {
    let program = Program::with_store(&[]);
    for (first, second, code) in [("TERM", "TERM", 143), ("INT", "INT", 130), ("TERM", "INT", 130)] {
        let serving = program.serve();
        let mut slow = TcpStream::connect(serving.address).unwrap();
        slow.write_all(b"GET / HTTP/1.1\r\n").unwrap();
        get_set(serving.address);
        serving.signal(first);
        // The listener closes with the first signal.
        let start = Instant::now();
        while TcpStream::connect(serving.address).is_ok() {
            assert!(start.elapsed() < Duration::from_secs(3));
        }
        serving.signal(second);
        let ended = serving.ended();
        assert_eq!(ended.code, Some(code), "{}", ended.log);
        assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    }
}

#[test]
fn a_reader_that_went_away_is_an_error_and_no_panic() {
    let program = Program::with_store(&[]);
    // The reader is gone long before the first word.
    let shell = "{ sleep 0.5; \"$0\" keys list; echo \"code $?\" >&2; } | true";
    let mut command = std::process::Command::new("sh");
    command.args(["-c", shell, env!("CARGO_BIN_EXE_jotgate-keys")]).env("JOTGATE_STORE", program.path());
    let said = String::from_utf8(command.output().unwrap().stderr).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    assert!(matches!(lines[..], [said, "code 1"] if said.contains("Broken pipe")), "{said}");
}
