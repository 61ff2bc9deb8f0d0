//! The configuration file, the environment and arguments, and what `check` says of them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde_json::Value;

use crate::client::{ask, get_set};
use crate::program::Program;

/// A file with that text, closed to others.
fn file(program: &Program, text: &str) -> PathBuf {
    let path = program.path().with_file_name("config.toml");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}

/// The value and the source of each name, as `check --json` has them.
fn held(
    program: &Program,
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> Vec<(String, String, String)> {
    let mut command = program.command(&[&["check", "--json"], arguments].concat());
    let output = command.envs(environment.iter().copied()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value, name: &str| value[name].as_str().unwrap().to_owned();
    let all = json["configuration"].as_array().unwrap().iter();
    all.map(|held| (text(held, "name"), text(held, "value"), text(held, "source"))).collect()
}

#[test]
fn an_argument_comes_before_the_environment_and_that_before_the_file() {
    let program = Program::with_store(&[]);
    let text = "log-level = \"error\"\nlisten = \"127.0.0.1:1\"\nconnections-per-address = 7\n\
                trusted-proxy = [\"10.0.0.0/8\", \"192.0.2.1\"]\nallow-non-loopback = true\n\
                allow-client-documents = true\ndocument-audience = [\"https://api.example\"]\n";
    let path = file(&program, text).display().to_string();
    let of = |all: &[(String, String, String)], name: &str| {
        let (_, value, source) = all.iter().find(|(known, ..)| known == name).unwrap();
        (value.clone(), source.clone())
    };
    let pair = |value: &str, source: &str| (value.to_owned(), source.to_owned());
    let from_file = format!("file {path}");
    let all = held(&program, &["--config", &path], &[]);
    assert_eq!(of(&all, "log-level"), pair("error", &from_file));
    assert_eq!(of(&all, "trusted-proxy"), pair("10.0.0.0/8, 192.0.2.1", &from_file));
    assert_eq!(of(&all, "allow-non-loopback"), pair("true", &from_file));
    assert_eq!(of(&all, "document-audience"), pair("https://api.example", &from_file));
    assert_eq!(of(&all, "connections-per-address"), pair("7", &from_file));
    assert_eq!(of(&all, "attempts-per-address"), pair("60", "default"));
    assert_eq!(of(&all, "store").1, "environment JOTGATE_STORE");
    let environment =
        [("JOTGATE_CONFIG", path.as_str()), ("JOTGATE_LOG_LEVEL", "warn"), ("JOTGATE_LISTEN", "127.0.0.1:2")];
    let all = held(&program, &[], &environment);
    assert_eq!(of(&all, "log-level"), pair("warn", "environment JOTGATE_LOG_LEVEL"));
    assert_eq!(of(&all, "listen"), pair("127.0.0.1:2", "environment JOTGATE_LISTEN"));
    let all = held(&program, &["--log-level", "debug"], &environment);
    assert_eq!(of(&all, "log-level"), pair("debug", "argument"));
}

#[test]
fn serve_takes_the_file_and_a_name_that_is_unknown_is_refused() {
    let program = Program::with_store(&[]);
    let ops = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let documents = "allow-client-documents = true\ndocument-audience = [\"https://api.example\"]\n";
    let path = file(&program, &format!("listen = \"127.0.0.1:0\"\nops-listen = \"{ops}\"\n{documents}"));
    let serving = Program::serving(&mut program.command(&["serve", "--config", path.to_str().unwrap()]));
    assert_eq!(get_set(serving.address).status, 200);
    assert_eq!(ask(ops, "GET", "/healthz/live", &[]).status, 200);
    let metadata = ask(serving.address, "GET", "/.well-known/oauth-authorization-server", &[]).body;
    assert!(metadata.contains("\"client_id_metadata_document_supported\":true"), "{metadata}");
    for (text, expected) in [
        ("listn = \"127.0.0.1:0\"", "the name `listn` is unknown"),
        ("[serve]\nlisten = \"127.0.0.1:0\"", "the name `serve` is unknown"),
        ("listen = { port = 1 }", "`listen` is a text"),
        ("tls-key = \"key.pem\"", "belong together"),
        ("log-level = \"warn\"\nlisten =", "line 2 is not TOML"),
    ] {
        let path = file(&program, text);
        let said = program.refused(&["serve", "--config", path.to_str().unwrap()]);
        assert!(said.contains(expected), "{said}");
    }
    assert!(program.refused(&["check", "--config", "missing.toml"]).contains("missing.toml"));
}

#[test]
fn a_file_with_a_password_is_closed_to_others_and_no_listing_shows_it() {
    let program = Program::with_store(&[]);
    let path = file(&program, "store = \"postgres://keys:s3cret@127.0.0.1:1/j\"");
    let arguments = ["check", "--config", path.to_str().unwrap()];
    let all = held(&program, &arguments[1..], &[]);
    assert!(all.iter().all(|(_, value, _)| !value.contains("s3cret")));
    let mut command = program.command(&arguments);
    let said = String::from_utf8(command.env_remove("JOTGATE_STORE").output().unwrap().stderr).unwrap();
    assert!(said.contains("postgres://127.0.0.1:1/j") && !said.contains("s3cret"), "{said}");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(program.refused(&arguments).contains("it must be 0600"));
}

#[test]
fn a_path_that_is_empty_is_refused_by_its_name() {
    for (variable, option) in
        [("JOTGATE_STORE", "--store"), ("JOTGATE_CONFIG", "--config"), ("JOTGATE_KEK_FILE", "--kek-file")]
    {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_jotgate-keys"));
        let output = command.args(["keys", "list"]).env(variable, "").output().unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{variable}: {message}");
        assert!(message.contains("a value is required") && message.contains(option), "{variable}: {message}");
    }
}
