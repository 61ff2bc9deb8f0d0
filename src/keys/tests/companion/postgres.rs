//! The binary with its store and its ledger in a real PostgreSQL.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, SystemTime};

use crate::browser::claims;
use crate::client::{ask, ask_token, get_set};
use crate::faketime;
use crate::program::{Program, secret_in};
use crate::test_postgres::{Cluster, TestDatabase, cluster, until};

const INIT: [&str; 3] = ["init", "--issuer", "https://issuer.example"];

#[test]
fn every_command_works_on_postgresql_and_two_servers_follow_each_other() {
    let Some(cluster) = cluster() else { return };
    let database = cluster.database();
    let program = Program::in_database(&database.url);
    let missing = program.refused(&["keys", "list"]);
    assert!(missing.starts_with("there is no store at `postgres://127.0.0.1:"), "{missing}");
    let said = program.done(&[&INIT[..], &["--replica-delay", "3"]].concat());
    assert!(said.starts_with("made `postgres://127.0.0.1:"), "{said}");
    assert!(program.refused(&INIT).contains("already; nothing was changed"));
    program.add_user(&["ada"], "correct horse battery staple");
    assert!(program.done(&["users", "list"]).contains("ada"));
    let added = program.done(&["clients", "add", "worker", "--audience", "https://api.example"]);
    let secret = secret_in(&added);
    let body = format!("grant_type=client_credentials&client_id=worker&client_secret={secret}");
    let ((first, ops), second) = (program.serve_with_ops(), program.serve());
    until("both are ready", || {
        ask(ops, "GET", "/healthz/ready", &[]).status == 200
            && [first.address, second.address]
                .iter()
                .all(|address| ask_token(*address, &[], &body).status == 200)
    });
    let before = program.state().signer().unwrap().kid().to_owned();
    program.done(&["keys", "rotate"]);
    assert_ne!(program.state().signer().unwrap().kid(), before);
    program.done(&["token", "--sub", "somebody"]);
    program.done(&["keys", "revoke", &before, "--yes"]);
    until("the key is gone from both", || {
        [first.address, second.address].iter().all(|address| !get_set(*address).kids().contains(&before))
    });
    program.done(&["check"]);
    until("it is ready", || ask(ops, "GET", "/healthz/ready", &[]).status == 200);
    first.signal("TERM");
    let ended = first.ended();
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    for secret in program.secrets() {
        assert!(!ended.log.contains(&secret));
    }
}

/// A database whose role needs a password, and its address without it.
fn locked(cluster: &Cluster, password: &str) -> TestDatabase {
    let database = cluster.database();
    let name = database.url.rsplit('/').next().unwrap();
    let make = "DO $$ BEGIN CREATE ROLE locked LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$";
    cluster.sql(name, make);
    cluster.sql(
        name,
        &format!("ALTER ROLE locked PASSWORD '{password}'; GRANT CREATE ON DATABASE {name} TO locked"),
    );
    TestDatabase { url: database.url.replace("keys@", "locked@") }
}

#[test]
fn a_password_comes_from_the_environment_or_a_file_and_never_from_the_arguments() {
    const PASSWORD: &str = "p4ss-w0rd-of-the-database";
    let Some(cluster) = cluster() else { return };
    let database = locked(cluster, PASSWORD);
    let with_password = database.url.replace("locked@", &format!("locked:{PASSWORD}@"));
    Program::in_database(&with_password).done(&INIT);

    let program = Program::in_database(&database.url);
    let kek = program.kek_path();
    let check = |change: &dyn Fn(&mut std::process::Command)| {
        let mut command = program.command(&["users", "list"]);
        command.env_remove("PGPASSWORD").env("HOME", kek.parent().unwrap());
        change(&mut command);
        let output = command.output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(!text.contains(PASSWORD), "{text}");
        text
    };
    // The store is sealed with the key of another folder: with the right password, that is what is missing.
    let connected = "the key-encryption key";
    let with = |name: &str, value: &std::ffi::OsStr| {
        check(&|command| {
            command.env(name, value);
        })
    };
    assert!(check(&|_| {}).contains("password"));
    assert!(with("PGPASSWORD", PASSWORD.as_ref()).contains(connected));
    assert!(with("PGPASSWORD", "wrong".as_ref()).contains("28P01"));
    let passfile = tempfile::tempdir().unwrap();
    let path = passfile.path().join("pgpass");
    fs::write(&path, format!("127.0.0.1:*:*:locked:{PASSWORD}\n")).unwrap();
    for (mode, expected) in [(0o600, connected), (0o644, "0600")] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        assert!(with("PGPASSFILE", path.as_os_str()).contains(expected));
    }
    let said = check(&|command| {
        command.args(["--store", &with_password]);
    });
    assert!(said.contains("must not be in the arguments"), "{said}");
    let mut help = program.command(&["serve", "--help"]);
    let help = help.env("JOTGATE_STORE", &with_password).output().unwrap();
    assert!(!String::from_utf8(help.stdout).unwrap().contains(PASSWORD));
}

#[test]
fn the_servers_certificate_and_name_are_verified() {
    let made = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        rcgen::generate_simple_self_signed(names).unwrap()
    };
    let Some(cluster) = Cluster::start(&[]) else { return };
    let database = cluster.database();
    let (good, other) = (made(&["localhost"]), made(&["localhost"]));
    let folder = tempfile::tempdir().unwrap();
    let [root, wrong] = [(&good, "root.pem"), (&other, "other.pem")].map(|(certificate, name)| {
        let path = folder.path().join(name);
        fs::write(&path, certificate.cert.pem()).unwrap();
        path.display().to_string()
    });
    fs::write(cluster.folder.join("data/server.crt"), good.cert.pem()).unwrap();
    fs::write(cluster.folder.join("key"), good.signing_key.serialize_pem()).unwrap();
    // A copy that belongs to the server's user alone.
    cluster.run("/bin/cp", &["key", "data/server.key"]);
    cluster.run("/bin/chmod", &["0600", "data/server.key"]);
    cluster.sql("postgres", "ALTER SYSTEM SET ssl = on");
    cluster.stop();
    cluster.begin();
    let address = |host: &str, root: &str| {
        format!("{}?sslmode=verify-full&sslrootcert={root}", database.url.replace("127.0.0.1", host))
    };
    Program::in_database(&address("localhost", &root)).done(&INIT);
    for (host, certificates) in [("localhost", &wrong), ("127.0.0.1", &root)] {
        let said = Program::in_database(&address(host, certificates)).refused(&["keys", "list"]);
        assert!(said.contains("certificate"), "{said}");
    }
    let said = Program::in_database(&address("localhost", "/missing.pem")).refused(&["keys", "list"]);
    assert!(said.contains("/missing.pem"), "{said}");
}

#[test]
#[expect(clippy::print_stdout, reason = "a test that does not run says so")]
fn a_server_whose_own_clock_is_wrong_or_jumps_goes_by_the_clock_of_the_database() {
    let Some(cluster) = cluster() else { return };
    let Some(library) = faketime::library() else {
        println!("skipped: libfaketime is not installed (`apt-get install libfaketime`)");
        return;
    };
    let program = Program::in_database(&cluster.database().url);
    program.done(&[&INIT[..], &["--replica-delay", "3"]].concat());
    let added = program.done(&["clients", "add", "worker", "--audience", "https://api.example"]);
    let secret = secret_in(&added);
    let body = format!("grant_type=client_credentials&client_id=worker&client_secret={secret}");
    let clock = program.kek_path().with_file_name("clock");
    faketime::set(&clock, 3 * 3600);
    let mut command = program.command(&["serve", "--listen", "127.0.0.1:0"]);
    faketime::follow(&mut command, &library, &clock);
    let serving = Program::serving(&mut command);
    for by in [3 * 3600, -86_400] {
        faketime::set(&clock, by);
        for _ in 0..10 {
            let answer = ask_token(serving.address, &[], &body);
            assert_eq!(answer.status, 200, "{}", answer.body);
            let json: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
            let issued = claims(json["access_token"].as_str().unwrap())["iat"].as_u64().unwrap();
            let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
            assert!(now.abs_diff(issued) <= 2, "{issued} is not {now}");
            std::thread::sleep(Duration::from_millis(150));
        }
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "a test that does not run says so")]
fn commands_on_a_machine_with_a_wrong_clock_go_by_the_clock_of_the_database() {
    let Some(cluster) = cluster() else { return };
    let Some(library) = faketime::library() else {
        println!("skipped: libfaketime is not installed (`apt-get install libfaketime`)");
        return;
    };
    let program = Program::in_database(&cluster.database().url);
    let clock = program.kek_path().parent().unwrap().with_file_name("clock");
    faketime::set(&clock, 3 * 3600);
    let run = |arguments: &[&str], input: &str| {
        let mut command = program.command(arguments);
        faketime::follow(&mut command, &library, &clock);
        Program::run_with_input(&mut command, input)
    };
    run(&INIT, "");
    run(&["clients", "add", "worker", "--audience", "https://api.example"], "");
    run(&["clients", "secret", "add", "worker"], "");
    run(&["users", "add", "ada"], "correct horse battery staple\n");
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let mut dates = vec![];
    for (arguments, array) in [
        (&["keys", "list"][..], "keys"),
        (&["clients", "list"], "clients"),
        (&["clients", "secret", "list", "worker"], "secrets"),
        (&["users", "list"], "users"),
    ] {
        let listed = run(&[arguments, &["--json"]].concat(), "");
        let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
        dates.extend(listed[array].as_array().unwrap().iter().map(|row| row["created"].as_u64().unwrap()));
    }
    assert_eq!(dates.len(), 2 + 1 + 2 + 1);
    assert!(dates.iter().all(|date| date.abs_diff(now) < 600), "{dates:?} are not about {now}");
    let age = run(&["clients", "secret", "list", "worker"], "");
    assert!(!age.contains("3h"), "{age}");
    let token = run(&["token", "--sub", "somebody"], "");
    assert!(claims(token.trim())["iat"].as_u64().unwrap().abs_diff(now) < 600);
}

#[test]
fn a_server_that_may_lose_commits_is_refused() {
    let Some(cluster) = cluster() else { return };
    let database = cluster.database();
    let name = database.url.rsplit('/').next().unwrap();
    for value in ["off", "local"] {
        cluster.sql(name, &format!("ALTER DATABASE {name} SET synchronous_commit = {value}"));
        let said = Program::in_database(&database.url).refused(&INIT);
        assert!(said.contains(&format!("`synchronous_commit={value}`")), "{said}");
    }
}
