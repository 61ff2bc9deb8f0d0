//! The binary: every command as a process of its own, beside a running `serve`.

use std::io::Write;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::Value;

use crate::client::{Answer, ask_token, get_set};
use crate::program::{FAST, Program, secret_in};

const TOKEN: [&str; 7] = ["token", "--sub", "somebody", "--audience", "api", "--scope", "items:read"];

/// The token's claims, if jsonwebtoken verifies it with the published set and the clock of this machine.
#[track_caller]
fn verified(set: &Answer, token: &str) -> Value {
    let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
    let set: JwkSet = serde_json::from_str(&set.body).unwrap();
    let kid = kid(token);
    let jwk = set.find(&kid).unwrap_or_else(|| panic!("`{kid}` is not published"));
    let mut validation = Validation::new(decode_header(token).unwrap().alg);
    validation.leeway = 0;
    validation.set_audience(&["api"]);
    validation.set_issuer(&["https://issuer.example"]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    decode(token, &DecodingKey::from_jwk(jwk).unwrap(), &validation).unwrap().claims
}

fn kid(token: &str) -> String {
    decode_header(token).unwrap().kid.unwrap()
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
    assert!(said.contains(" signs now; "), "{said}");
    // No pause: every key set contains the successor, which was published with the first key.
    let new = program.done(&TOKEN);
    let set = get_set(serving.address);
    assert_ne!(kid(&old), kid(&new));
    assert!(set.kids().ends_with(&[kid(&new), kid(&old)]), "the next successor may be there already");
    std::thread::sleep(Duration::from_millis(1200));
    let set = get_set(serving.address);
    assert_eq!(set.kids()[1..], [kid(&new), kid(&old)], "the next successor is published");
    for token in [&old, &new] {
        assert_eq!(token.lines().count(), 1);
        verified(&set, token.trim_end());
    }

    let list = program.done(&["keys", "list"]);
    let rows: Vec<&str> = list.lines().skip(1).collect();
    assert!(rows[0].contains("  staged  ") && rows[0].contains("  may sign 2"), "{list}");
    assert!(rows[1].starts_with(&kid(&new)) && rows[1].contains("  signing  "), "{list}");
    assert!(rows[2].starts_with(&kid(&old)) && rows[2].contains("  retiring  "), "{list}");

    serving.signal("TERM");
    let ended = serving.ended();
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), ""), "{}", ended.log);
    for secret in program.secrets().iter().map(String::as_str).chain([old.trim_end(), new.trim_end()]) {
        assert!(![&said, &list, &ended.log].iter().any(|text| text.contains(secret)));
    }
}

#[test]
fn during_a_rotation_the_old_key_signs_until_the_new_one_may() {
    let fast = ["--max-age", "1", "--replica-delay", "3", "--clock-difference", "0", "--fetch-time", "1"];
    let program = Program::with_store(&fast);
    program.done(&["keys", "rotate"]);
    let serving = program.serve();
    let mut rotate = program.command(&["keys", "rotate"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut kids = vec![];
    while rotate.try_wait().unwrap().is_none() {
        let token = program.done(&TOKEN);
        verified(&get_set(serving.address), token.trim_end());
        kids.push(kid(&token));
    }
    let output = rotate.wait_with_output().unwrap();
    assert!(output.status.success());
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.starts_with("published ") && said.contains(" s, when every verifier can have it\n"),
        "{said}"
    );
    let last = kids.pop().unwrap();
    kids.retain(|kid| *kid != last);
    kids.dedup();
    assert!(kids.len() <= 1, "one key signed before the last");
    let old = said.split("; ").nth(1).map(|_| said.lines().last().unwrap()).unwrap();
    assert!(old.contains(" signs now; "), "{said}");
}

#[test]
fn serve_rotates_by_itself_when_the_period_is_over_and_drops_what_nobody_needs() {
    let short = ["--period", "5", "--longest-life", "3", "--leeway", "0"];
    let program = Program::with_store(&[&FAST[..], &short].concat());
    let first: Vec<String> = program.state().keys().map(|key| key.kid().to_owned()).collect();
    let serving = program.serve();
    let start = Instant::now();
    loop {
        let set = get_set(serving.address);
        verified(&set, program.done(&[&TOKEN[..], &["--ttl", "3"]].concat()).trim_end());
        if first.iter().all(|kid| !set.kids().contains(kid)) {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "{}", program.done(&["keys", "list"]));
        std::thread::sleep(Duration::from_millis(300));
    }
    assert!(start.elapsed() >= Duration::from_secs(10), "each signed for its period");
    serving.signal("TERM");
    let log = serving.ended().log;
    assert!(
        log.contains("the successor signs") && log.contains("the key is not published any more"),
        "{log}"
    );
}

#[test]
fn a_stolen_signer_is_replaced_at_once_and_its_tokens_are_refused() {
    let program = Program::with_store(&[]);
    let serving = program.serve();
    let stolen = kid(&program.done(&TOKEN));
    let said = program.done(&["keys", "revoke", &stolen, "--yes"]);
    assert!(said.starts_with(&format!("{stolen} is revoked; ")), "{said}");
    let start = Instant::now();
    while get_set(serving.address).kids().contains(&stolen) {
        assert!(start.elapsed() < Duration::from_secs(2));
    }
    let new = program.done(&TOKEN);
    verified(&get_set(serving.address), new.trim_end());
    let list = program.done(&["keys", "list"]);
    assert!(list.contains("  revoked  ") && list.contains("  trusted nowhere "), "{list}");
    let said = program.refused(&["keys", "revoke", &kid(&new), "--yes"]);
    assert!(said.contains("may not sign before"), "{said}");
    let said = program.refused(&["keys", "revoke", "unknown"]);
    assert_eq!(said, "there is no key `unknown`");
    let said = program.done(&["keys", "emergency", "--yes"]);
    assert!(said.starts_with("2 keys are revoked; ") || said.starts_with("3 keys are revoked; "), "{said}");
    assert_ne!(kid(&program.done(&TOKEN)), kid(&new));
}

#[test]
fn a_migration_from_rs256_to_es256_refuses_no_token() {
    let program = Program::with_store(&[&FAST[..], &["--algorithm", "RS256"]].concat());
    let serving = program.serve();
    let old = program.done(&TOKEN);
    let said = program.done(&["keys", "stage", "--algorithm", "ES256"]);
    assert!(said.contains(" is published; it may sign "), "{said}");
    let again = program.done(&["keys", "stage", "--algorithm", "ES256"]);
    assert_eq!(again.split(' ').next(), said.split(' ').next());
    let mut rotate = program.command(&["keys", "rotate", "--algorithm", "ES256"]);
    let mut rotating = rotate.stdout(Stdio::null()).spawn().unwrap();
    let mut algorithms = vec![];
    loop {
        let over = rotating.try_wait().unwrap();
        let token = program.done(&TOKEN);
        let set = get_set(serving.address);
        verified(&set, old.trim_end());
        verified(&set, token.trim_end());
        algorithms.push(decode_header(&token).unwrap().alg);
        if let Some(status) = over {
            assert!(status.success());
            break;
        }
    }
    algorithms.dedup();
    assert_eq!(algorithms, [Algorithm::RS256, Algorithm::ES256]);
}

#[test]
fn tokens_of_each_algorithm_verify_with_the_served_set() {
    for (algorithm, alg) in [
        ("ES256", Algorithm::ES256),
        ("EdDSA", Algorithm::EdDSA),
        ("ES384", Algorithm::ES384),
        ("RS256", Algorithm::RS256),
        ("PS256", Algorithm::PS256),
    ] {
        let program = Program::with_store(&["--algorithm", algorithm]);
        let serving = program.serve();
        let token = program.done(&TOKEN);
        assert_eq!(decode_header(&token).unwrap().alg, alg);
        verified(&get_set(serving.address), token.trim_end());
    }
}

#[test]
fn rotations_that_race_lose_no_key_and_end_with_one_signer() {
    let program = Program::with_store(&FAST);
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
    assert_eq!(list.matches("  staged  ").count(), 1, "{list}");
    signed.sort_unstable();
    signed.dedup();
    assert_eq!(
        list.lines().count() - 2,
        signed.len(),
        "every key that is there signed, but the successor\n{list}"
    );
}

#[test]
fn five_rotations_in_a_row_drop_no_key() {
    let program = Program::with_store(&FAST);
    let mut tokens = vec![program.done(&TOKEN)];
    for _ in 0..5 {
        program.done(&["keys", "rotate"]);
        tokens.push(program.done(&TOKEN));
    }
    let serving = program.serve();
    let set = get_set(serving.address);
    assert_eq!(set.kids().len(), 7);
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
        let place = altered.windows(9).position(|bytes| bytes == b"max_stale").unwrap();
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
fn init_makes_a_key_encryption_key_beside_the_store_and_says_so() {
    let program = Program::new();
    let said = program.done(&["init", "--issuer", "https://issuer.example"]);
    assert!(said.contains("store.sqlite.kek`: keep a copy"), "{said}");
    let mode = std::fs::metadata(program.kek_path()).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
}

#[test]
fn without_its_key_encryption_key_a_store_is_refused_by_every_command_and_left_as_it_is() {
    let program = Program::with_store(&[]);
    let before = std::fs::read(program.path()).unwrap();
    let good = std::fs::read_to_string(program.kek_path()).unwrap();
    let refused = |words: &str| {
        for arguments in [vec!["serve"], TOKEN.to_vec(), vec!["keys", "rotate"], vec!["keys", "rekey"]] {
            let said = program.refused(&arguments);
            assert!(said.contains(words) && !said.contains(good.trim()), "{said}");
            assert_eq!(std::fs::read(program.path()).unwrap(), before);
        }
    };
    std::fs::remove_file(program.kek_path()).unwrap();
    refused("the key-encryption key `");
    let other = Program::with_store(&[]);
    std::fs::copy(other.kek_path(), program.kek_path()).unwrap();
    refused("the store is encrypted with the key-encryption key ");
    std::fs::write(program.kek_path(), "nonsense").unwrap();
    refused("contains no key-encryption key (32 random bytes");
    std::fs::set_permissions(program.kek_path(), PermissionsExt::from_mode(0o644)).unwrap();
    refused("others may use");
    let given = program.command(&TOKEN).env("JOTGATE_KEK", good.trim()).output().unwrap();
    assert!(given.status.success(), "{}", String::from_utf8_lossy(&given.stderr));
}

#[test]
fn a_new_key_encryption_key_takes_the_place_of_the_old_and_a_running_server_goes_on() {
    let program = Program::with_store(&[]);
    let serving = program.serve();
    let old = std::fs::read_to_string(program.kek_path()).unwrap();
    let said = program.done(&["keys", "rekey"]);
    assert!(said.starts_with("the private keys are encrypted with the key "), "{said}");
    let new = std::fs::read_to_string(program.kek_path()).unwrap();
    assert_eq!((new.lines().count(), new.contains(old.trim())), (1, false));
    let stale = program.command(&TOKEN).env("JOTGATE_KEK", old.trim()).output().unwrap();
    assert_eq!(stale.status.code(), Some(1));
    let kid = program.state().signer().unwrap().kid().to_owned();
    program.done(&["keys", "revoke", &kid, "--yes"]);
    let start = Instant::now();
    while get_set(serving.address).kids().contains(&kid) {
        assert!(start.elapsed() < Duration::from_secs(3), "it follows");
    }
    verified(&get_set(serving.address), program.done(&TOKEN).trim_end());
}

#[test]
fn a_client_gets_tokens_with_its_secret_until_it_is_disabled() {
    let program = Program::with_store(&[]);
    let serving = program.serve();
    let said = program.done(&[
        "clients",
        "add",
        "worker",
        "--scope",
        "items:read",
        "--audience",
        "api",
        "--token-life",
        "600",
    ]);
    let secret = said.lines().nth(1).unwrap().strip_prefix("client_secret: ").unwrap();
    assert_eq!(
        program.refused(&["clients", "add", "worker", "--audience", "api"]),
        "there is a client `worker` already"
    );
    let list = program.done(&["clients", "list"]);
    assert!(list.contains("worker  enabled  ") && !list.contains(secret), "{list}");
    let ask = || {
        let body = format!("grant_type=client_credentials&client_id=worker&client_secret={secret}");
        ask_token(serving.address, &[], &body)
    };
    let start = Instant::now();
    let granted = loop {
        let answer = ask();
        if answer.status == 200 {
            break answer;
        }
        assert!(answer.status == 400 && start.elapsed() < Duration::from_secs(3), "{}", answer.body);
    };
    assert_eq!(granted.header("cache-control"), Some("no-store"));
    let json: Value = serde_json::from_str(&granted.body).unwrap();
    let claims = verified(&get_set(serving.address), json["access_token"].as_str().unwrap());
    assert_eq!(
        (claims["client_id"].as_str(), claims["scope"].as_str()),
        (Some("worker"), Some("items:read"))
    );
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 600);
    program.done(&["clients", "disable", "worker"]);
    let start = Instant::now();
    while ask().status != 400 {
        assert!(start.elapsed() < Duration::from_secs(3));
    }
    program.done(&["clients", "remove", "worker", "--yes"]);
    assert_eq!(program.refused(&["clients", "remove", "worker"]), "there is no client `worker`");
    serving.signal("TERM");
    assert!(!serving.ended().log.contains(secret));
}

#[test]
fn what_can_not_be_done_is_one_line_and_exit_code_1() {
    let program = Program::with_store(&["--longest-life", "60"]);
    for (arguments, words) in [
        (vec!["token", "--sub", "a", "--ttl", "61"], "a life of 61 s was asked for, the key signs 1 to 60 s"),
        (vec!["token", "--sub", ""], "the subject must have"),
        (vec!["token", "--sub", "a", "--scope", "a  b"], "a scope is"),
        (vec!["serve", "--listen", "0.0.0.0:0"], "is not a loopback address"),
        (vec!["init", "--issuer", "https://a.example", "--max-age", "0"], "the max-age of 0 s is outside of"),
        (
            vec!["init", "--issuer", "https://a.example", "--pre-publication", "324"],
            "inequality 1 does not hold: pre-publication 324 s < R + M + F + K = 10 + 300 + 10 + 5 = 325 s",
        ),
        (vec!["init", "--issuer", "https://a.example", "--period", "324"], "inequality 3 does not hold: "),
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
        vec!["keys", "revoke"],
        vec!["clients", "add", "worker"],
        vec!["keys", "stage", "--algorithm", "HS256"],
        vec!["keys", "stage", "--rsa-bits", "1024"],
        vec!["keys", "stage", "--rsa-bits", "8192"],
        vec!["settings", "set"],
        vec!["settings", "set", "--max-age", "soon"],
        vec!["clients", "add", "worker", "--audience", "api", "--token-life", "0"],
        vec!["--log-level", "much", "keys", "list"],
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

#[test]
fn tokens_by_rsa_keys_are_granted_too() {
    let program = Program::with_store(&["--algorithm", "RS256", "--rsa-bits", "3072"]);
    let added = program.done(&["clients", "add", "worker", "--audience", "https://api.example"]);
    let secret = secret_in(&added);
    let serving = program.serve();
    let body = format!("grant_type=client_credentials&client_id=worker&client_secret={secret}");
    let answer = ask_token(serving.address, &[], &body);
    assert_eq!(answer.status, 200);
    let granted: Value = serde_json::from_str(&answer.body).unwrap();
    let token = granted["access_token"].as_str().unwrap();
    let header = decode_header(token).unwrap();
    assert_eq!(
        (header.alg, header.kid),
        (Algorithm::RS256, Some(get_set(serving.address).kids()[1].clone()))
    );
}
