//! `docs/openapi.json` has every route of the router with its methods, and no other.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::client::{ask, send};
use crate::login;
use crate::program::Program;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

fn document() -> Value {
    serde_json::from_str(include_str!("../../../../docs/openapi.json")).unwrap()
}

#[test]
fn each_route_has_the_documented_methods_and_each_routed_name_is_documented() {
    let program = Program::with_store(&["--openid"]);
    login::add_ada(&program);
    let ops = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let listen =
        ["serve", "--listen", "127.0.0.1:0", "--trusted-proxy", "127.0.0.1", "--attempts-per-address", "0"];
    let ops_text = ops.to_string();
    let arguments = [&listen[..], &["--ops-listen", &ops_text]].concat();
    let serving = Program::serving(&mut program.command(&arguments));
    let document = document();
    for (path, item) in document["paths"].as_object().unwrap() {
        let server = if item.get("servers").is_some() { ops } else { serving.address };
        for method in METHODS {
            let name = method.to_uppercase();
            let head =
                "host: issuer.example\r\nconnection: close\r\nx-forwarded-proto: https\r\ncontent-length: 0";
            let answer = send(server, format!("{name} {path} HTTP/1.1\r\n{head}\r\n\r\n").as_bytes());
            assert_ne!(answer.status, 404, "{name} {path}");
            match item.get(method) {
                Some(described) => {
                    assert_ne!(answer.status, 405, "{name} {path} is not routed");
                    let known = described["responses"].as_object().unwrap();
                    assert!(
                        known.contains_key(&answer.status.to_string()),
                        "{name} {path}: {}",
                        answer.status
                    );
                }
                None => assert_eq!(answer.status, 405, "{name} {path} is not documented"),
            }
        }
    }
    // The names under which answers are counted: all were asked for, and each is the name of a route.
    let metrics = ask(ops, "GET", "/metrics", &[]).body;
    let counted = metrics.split("route=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    let counted: BTreeSet<String> = counted.map(str::to_owned).collect();
    assert_eq!(counted, routed(Path::new(env!("CARGO_MANIFEST_DIR"))));
}

/// The names of all routes, by the source: each is given to `literal_routes`.
fn routed(folder: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() && name != "tests" && name != "dev" {
            names.append(&mut routed(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(path).unwrap();
            let calls = text.split("literal_routes(").skip(1);
            let named = calls.filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next());
            names.extend(named.map(str::to_owned));
        }
    }
    names
}

#[test]
fn each_endpoint_of_the_metadata_is_documented() {
    let program = Program::with_store(&["--openid"]);
    login::add_ada(&program);
    program.done(&["clients", "add", "tv", "--public", "--device", "--audience", "https://api.example"]);
    let serving = program.serve();
    let metadata = ask(serving.address, "GET", "/.well-known/openid-configuration", &[]).body;
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let (document, mut endpoints) = (document(), 0);
    for (name, value) in metadata.as_object().unwrap() {
        if name.ends_with("_endpoint") || name == "jwks_uri" {
            let path = value.as_str().unwrap().strip_prefix("https://issuer.example").unwrap();
            assert!(document["paths"].get(path).is_some(), "{name}: {path}");
            assert!(
                document["components"]["schemas"]["Metadata"]["properties"].get(name).is_some(),
                "{name}"
            );
            endpoints += 1;
        }
    }
    assert_eq!(endpoints, 7);
}
