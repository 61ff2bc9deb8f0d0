//! What `serve` takes and refuses at its start, and a signal that does not end it.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use serde_json::Value;

use crate::client::{ask, get_set};
use crate::program::Program;

#[test]
fn k4_what_init_accepts_is_served_to_the_letter() {
    for path in
        ["/:t", "/*y", "/a/:t/*y", "/(a)", "/a,b;c=d", "/caf%C3%A9", "/a%7Bt%7D", "/token", "/authorize"]
    {
        let program = Program::new();
        program.done(&["init", "--issuer", &format!("https://issuer.example{path}")]);
        let serving = program.serve();
        for place in [
            format!("/.well-known/oauth-authorization-server{path}"),
            format!("{path}/.well-known/openid-configuration"),
        ] {
            let answer = ask(serving.address, "GET", &place, &[]);
            assert_eq!(answer.status, 200, "{place}");
            let metadata: Value = serde_json::from_str(&answer.body).unwrap();
            assert_eq!(metadata["issuer"], format!("https://issuer.example{path}"));
            for name in ["jwks_uri", "token_endpoint", "authorization_endpoint"] {
                let below = metadata[name].as_str().unwrap().strip_prefix("https://issuer.example").unwrap();
                assert_ne!(ask(serving.address, "GET", below, &[]).status, 404, "{name}: {below}");
            }
        }
        // It is no pattern.
        let other = "/x/.well-known/openid-configuration";
        assert_eq!(ask(serving.address, "GET", other, &[]).status, 404, "{path}");
    }
    for issuer in [
        "https://a.example:99999",
        "https://a.example/a/../b",
        "https://a.example/%zz",
        "https://a.example//",
    ] {
        let output = Program::new().run(&["init", "--issuer", issuer]);
        assert_eq!(output.status.code(), Some(2), "{issuer}");
    }
}

#[test]
fn k14_sighup_reads_the_key_encryption_key_again_and_ends_nothing() {
    let program = Program::with_store(&[]);
    let serving = program.serve();
    serving.signal("HUP");
    get_set(serving.address);
    let kek = std::fs::read(program.kek_path()).unwrap();
    std::fs::write(program.kek_path(), "nonsense").unwrap();
    serving.signal("HUP");
    std::thread::sleep(Duration::from_millis(500));
    get_set(serving.address);
    std::fs::write(program.kek_path(), kek).unwrap();
    serving.signal("TERM");
    let ended = serving.ended();
    assert_eq!(ended.code, Some(0));
    for words in ["the key-encryption key was read again", "the key-encryption key before stays"] {
        assert!(ended.log.contains(words), "{words}\n{}", ended.log);
    }
}

#[test]
fn k14_a_store_in_a_folder_that_others_may_write_is_refused() {
    let program = Program::with_store(&[]);
    let folder = program.path().parent().unwrap().to_owned();
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o777)).unwrap();
    let said = program.refused(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(said.contains("others may write the folder") && said.contains("mode 0777"), "{said}");
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o700)).unwrap();
    program.serve();
}
