//! `--json` of every listing has exactly the members that `docs/listings.md` describes.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::program::Program;
use crate::test_postgres::cluster;

const DOCS: &str = include_str!("../../../../docs/listings.md");

/// The members that the section of that command describes.
fn described(command: &str) -> BTreeSet<String> {
    let (_, section) = DOCS.split_once(&format!("## `{command} --json`")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| row.split('`').next().unwrap().to_owned()).collect()
}

/// The members of a value, as the docs write them. The content of maps that the user fills is left out.
fn members(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) if !path.ends_with("audience_scopes") && !path.ends_with("claims") => {
            for (name, value) in object {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                // `next` is described by its members.
                if name != "next" {
                    found.insert(path.clone());
                }
                members(value, &path, found);
            }
        }
        Value::Array(array) => array.iter().for_each(|value| members(value, &format!("{path}[]"), found)),
        _ => {}
    }
}

#[track_caller]
fn json(program: &Program, arguments: &[&str]) -> Value {
    let output = program.run(&[arguments, &["--json"]].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.ends_with("}\n") && text.lines().count() == 1, "{text}");
    serde_json::from_str(&text).unwrap()
}

#[test]
fn k6_every_listing_as_json_has_the_members_that_the_docs_describe() {
    let program = Program::with_store(&[]);
    program.done(&["clients", "add", "worker", "--scope", "a", "--audience", "api", "--claim", "tier=1"]);
    program.done(&[
        "clients",
        "add",
        "app",
        "--public",
        "--redirect",
        "https://app.example/",
        "--audience",
        "api",
    ]);
    program.add_user(&["ada"], crate::login::PASSWORD);
    program.done(&["clients", "secret", "add", "worker"]);
    program.done(&["keys", "rotate"]);
    let kid = program.state().keys().next().unwrap().kid().to_owned();
    program.done(&["keys", "revoke", &kid, "--yes"]);
    // Shorter, so that the older settings count for longer, and so that `check` finds the client.
    program.done(&["settings", "set", "--longest-life", "1m"]);
    for arguments in [
        vec!["keys", "list"],
        vec!["clients", "list"],
        vec!["clients", "secret", "list", "worker"],
        vec!["users", "list"],
        vec!["settings", "show"],
        vec!["check"],
    ] {
        let mut found = BTreeSet::new();
        members(&json(&program, &arguments), "", &mut found);
        let command = arguments.join(" ").replace("worker", "CLIENT");
        // Strings in an array have no members; the docs say so in the type.
        let mut described = described(&command);
        // A store in a file has no servers.
        described.retain(|member| !member.starts_with("servers[]."));
        assert_eq!(found, described, "{command}");
    }
}

#[test]
fn check_as_json_lists_the_servers_of_a_database_as_the_docs_describe() {
    let Some(cluster) = cluster() else { return };
    let program = Program::in_database(&cluster.database().url);
    program.done(&["init", "--issuer", "https://issuer.example"]);
    let _serving = program.serve();
    let listed = json(&program, &["check"]);
    let mut found = BTreeSet::new();
    members(&listed, "", &mut found);
    found.extend(["findings[].code", "findings[].text"].map(str::to_owned));
    assert_eq!(found, described("check"));
    assert_eq!(listed["servers"][0]["keks"], serde_json::json!([listed["kek"]]));
}

#[test]
fn k6_the_json_of_the_keys_says_what_the_table_says() {
    let program = Program::with_store(&[]);
    program.done(&["keys", "rotate"]);
    let json = json(&program, &["keys", "list"]);
    assert_eq!(json["issuer"], "https://issuer.example");
    let table = program.done(&["keys", "list"]);
    let keys = json["keys"].as_array().unwrap();
    assert_eq!(keys.len(), table.lines().count() - 1);
    for (key, row) in keys.iter().zip(table.lines().skip(1)) {
        let cells: Vec<&str> = row.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
        let text = |name: &str| key[name].as_str().unwrap();
        assert_eq!((text("kid"), text("algorithm"), text("state")), (cells[0], cells[1], cells[2]));
        let at = key["next"]["at"].as_u64().unwrap();
        let at = std::time::UNIX_EPOCH + std::time::Duration::from_secs(at);
        assert!(row.contains(&humantime::format_rfc3339_seconds(at).to_string()), "{row}");
        assert_eq!(key["signing_from"].is_null(), text("state") == "staged");
        assert_eq!(key["signing_until"].is_null(), text("state") != "retiring");
    }
}
