//! A new key-encryption key for several servers with one PostgreSQL, step by step; each wrong order is refused with words.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use jotgate_keys::Keks;

use crate::client::{ask, ask_token, get_set};
use crate::program::{FAST, Program, Replica, secret_in};
use crate::test_postgres::{TestDatabase, cluster, until};

impl Replica {
    /// What people know it by.
    fn name(&self) -> String {
        format!("(process {})", self.serving.id())
    }

    /// Gives it these keys by SIGHUP, and waits until every server knows of it.
    #[track_caller]
    fn take(&self, keks: &[&Keks]) {
        set_keks(&self.program, keks);
        self.serving.signal("HUP");
        let ids: Vec<&str> = keks.iter().map(|keks| keks.id()).collect();
        let listed = format!("ago  {}", ids.join(" "));
        until("the keys are listed", || {
            let said = self.program.done(&["check"]);
            said.lines().any(|line| line.contains(&self.name()) && line.ends_with(&listed))
        });
    }
}

fn set_keks(program: &Program, keks: &[&Keks]) {
    let path = program.kek_path();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let text: String = keks.iter().map(|keks| keks.to_text().to_string()).collect();
    // Whole at once: a server may read it meanwhile.
    let draft = path.with_extension("new");
    fs::write(&draft, text).unwrap();
    fs::set_permissions(&draft, fs::Permissions::from_mode(0o600)).unwrap();
    fs::rename(draft, path).unwrap();
}

/// Two servers that have one key, and that key.
fn two_hosts(database: &TestDatabase) -> ([Replica; 2], Keks) {
    let old = Keks::generate().unwrap();
    let programs = [(); 2].map(|()| Program::in_database(&database.url));
    for program in &programs {
        set_keks(program, &[&old]);
    }
    programs[0].done(&[&["init", "--issuer", "https://issuer.example"], &FAST[..]].concat());
    (programs.map(Replica::start), old)
}

/// The key-encryption key of the store.
fn sealed_with(program: &Program) -> String {
    let said = program.done(&["check"]);
    let line = said
        .lines()
        .find_map(|line| line.strip_prefix("the store is encrypted with the key-encryption key "));
    line.unwrap().to_owned()
}

/// A change by each server's command line, which both servers publish.
#[track_caller]
fn change(hosts: &[Replica; 2]) {
    for host in hosts {
        host.program.done(&["keys", "rotate", "--no-wait"]);
    }
    follow(hosts);
    until("both are ready", || hosts.iter().all(Replica::is_ready));
}

/// Waits until both servers publish what is in the store.
#[track_caller]
fn follow(hosts: &[Replica; 2]) {
    let stored =
        || -> Vec<String> { hosts[0].program.state().keys().map(|key| key.kid().to_owned()).collect() };
    until("both follow", || {
        let stored = stored();
        hosts.iter().all(|host| {
            let published = get_set(host.serving.address).kids();
            published.len() == stored.len() && stored.iter().all(|kid| published.contains(kid))
        })
    });
}

#[test]
fn two_servers_get_a_new_key_encryption_key_in_steps_and_each_wrong_order_is_refused_with_words() {
    let Some(cluster) = cluster() else { return };
    let database = cluster.database();
    let (hosts, old) = two_hosts(&database);
    let new = Keks::generate().unwrap();
    let [first, second] = &hosts;
    let refused = |words: &[&str]| {
        let said = first.program.refused(&["keys", "rekey"]);
        assert!(words.iter().all(|word| said.contains(word)), "{said}");
        assert_eq!(sealed_with(&first.program), old.id());
        change(&hosts);
    };
    refused(&["put a new key behind it on every server"]);

    // 1. The new key behind the old one: before both have it, no other step may be taken.
    first.take(&[&old, &new]);
    refused(&[old.id(), "put the new key before it on every server"]);
    first.take(&[&new, &old]);
    refused(&[new.id(), "is missing on ", &second.name(), "put it behind the present one there"]);
    set_keks(&first.program, &[&new]);
    let said = first.program.refused(&["keys", "rekey"]);
    assert!(said.contains(old.id()) && said.contains("put the missing key back"), "{said}");
    first.take(&[&old, &new]);
    second.take(&[&old, &new]);
    change(&hosts);

    // 2. The new key before the old one, on both.
    first.take(&[&new, &old]);
    refused(&[new.id(), "is not the first one on ", &second.name(), "put it first there"]);
    second.take(&[&new, &old]);
    change(&hosts);
    assert_eq!(sealed_with(&first.program), old.id(), "no change but `rekey` uses the new key");

    // The old key goes too early: the server goes on with the keys of before, and a start is refused.
    set_keks(&second.program, &[&new]);
    second.serving.signal("HUP");
    let said = second.program.refused(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(said.contains(old.id()) && said.contains("put the missing key back"), "{said}");
    let added = first.program.done(&["keys", "stage", "--algorithm", "EdDSA"]);
    assert!(added.contains("is published"), "{added}");
    follow(&hosts);
    second.take(&[&new, &old]);
    change(&hosts);

    // 3. On one server.
    let said = first.program.done(&["keys", "rekey"]);
    assert!(said.contains(new.id()), "{said}");
    assert_eq!(sealed_with(&second.program), new.id());
    change(&hosts);
    let said = second.program.refused(&["keys", "rekey"]);
    assert!(said.contains("if it is the new one, remove the others"), "{said}");

    // 4. The old key goes. Back to it, no server goes any more.
    first.take(&[&new]);
    second.take(&[&old, &new]);
    change(&hosts);
    assert_eq!(sealed_with(&first.program), new.id());
    let said = second.program.refused(&["keys", "rekey"]);
    assert!(said.contains(&format!("{} is missing on ", old.id())) && said.contains(&first.name()), "{said}");
    second.take(&[&new]);
    change(&hosts);
    for host in hosts {
        host.serving.signal("TERM");
        let ended = host.serving.ended();
        assert_eq!(ended.code, Some(0));
        for kek in [&old, &new] {
            assert!(!ended.log.contains(kek.to_text().trim()));
        }
    }
}

#[test]
fn a_server_that_stops_counts_no_more_and_one_that_is_killed_counts_for_a_minute() {
    let Some(cluster) = cluster() else { return };
    let database = cluster.database();
    let ([first, mut second], old) = two_hosts(&database);
    let new = Keks::generate().unwrap();
    let name = database.url.rsplit('/').next().unwrap();
    let count = || cluster.sql(name, "SELECT count(*) FROM jotgate.servers");
    assert_eq!(count(), "2");
    first.serving.signal("TERM");
    assert_eq!(first.serving.ended().code, Some(0));
    assert_eq!(count(), "1");
    set_keks(&first.program, &[&new, &old]);
    second.serving.kill();
    let said = first.program.refused(&["keys", "rekey"]);
    assert!(said.contains("is missing on ") && said.contains("counts for 60 s"), "{said}");
    // A minute later, by the clock of the database.
    cluster.sql(name, "UPDATE jotgate.servers SET seen = seen - 61000");
    first.program.done(&["keys", "rekey"]);
    // It comes back with the old key alone, and signs nothing.
    let said = second.program.refused(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(said.contains(new.id()) && said.contains("put the missing key back"), "{said}");
    // The next server removes what is left of it.
    let _third = first.program.serve();
    until("its row is gone", || count() == "1");
}

#[test]
fn a_server_that_missed_a_new_key_keeps_its_set_signs_nothing_and_goes_on_once_it_has_the_key() {
    let Some(cluster) = cluster() else { return };
    let database = cluster.database();
    let (hosts, old) = two_hosts(&database);
    let new = Keks::generate().unwrap();
    let added = hosts[0].program.done(&["clients", "add", "worker", "--audience", "https://api.example"]);
    let secret = secret_in(&added);
    let form = format!("grant_type=client_credentials&client_id=worker&client_secret={secret}");
    let token = |host: &Replica| ask_token(host.serving.address, &[], &form).status;
    until("both sign", || hosts.iter().all(|host| token(host) == 200));
    let [first, second] = &hosts;
    // As if it had been cut off for longer than it counts.
    second.serving.signal("STOP");
    let name = database.url.rsplit('/').next().unwrap();
    cluster.sql(name, "UPDATE jotgate.servers SET seen = seen - 61000");
    set_keks(&first.program, &[&new, &old]);
    first.serving.signal("HUP");
    // The command waits for a reload that has just begun.
    first.program.done(&["keys", "rekey"]);
    let before = first.program.state().keys().count();
    second.serving.signal("CONT");
    until("it is unready", || ask(second.ops, "GET", "/healthz/ready", &[]).body.starts_with("kek_other: "));
    until("it signs nothing", || token(second) == 503);
    assert_eq!(get_set(second.serving.address).kids().len(), before);
    assert_eq!((token(first), sealed_with(&first.program)), (200, new.id().to_owned()));
    set_keks(&second.program, &[&new]);
    second.serving.signal("HUP");
    until("it signs again", || token(second) == 200);
    change(&hosts);
}

#[test]
fn keys_of_the_environment_are_counted_too_and_a_store_of_an_earlier_version_gets_the_table() {
    let Some(cluster) = cluster() else { return };
    let database = cluster.database();
    let [old, new] = [(); 2].map(|()| Keks::generate().unwrap().to_text().trim().to_owned());
    let program = Program::in_database(&database.url);
    fs::create_dir(program.kek_path().parent().unwrap()).unwrap();
    let run = |arguments: &[&str], keks: &str| {
        let output = program.command(arguments).env("JOTGATE_KEK", keks).output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    assert!(run(&["init", "--issuer", "https://issuer.example"], &old).0);
    cluster.sql(database.url.rsplit('/').next().unwrap(), "DROP TABLE jotgate.servers");
    let listen = ["serve", "--listen", "127.0.0.1:0"];
    let (old_new, new_old) = (format!("{old},{new}"), format!("{new},{old}"));
    for (keks, words) in [(&old, "is missing on"), (&old_new, "is not the first one on")] {
        let server = Program::serving(program.command(&listen).env("JOTGATE_KEK", keks));
        let (succeeded, said) = run(&["keys", "rekey"], &new_old);
        assert!(!succeeded && said.contains(words), "{said}");
        server.signal("TERM");
        assert_eq!(server.ended().code, Some(0));
    }
    let server = Program::serving(program.command(&listen).env("JOTGATE_KEK", &new_old));
    // A start that fails leaves nothing behind.
    let taken = ["serve", "--listen", &server.address.to_string()];
    let (succeeded, said) = run(&taken, &old);
    assert!(!succeeded && said.contains("can't be listened on"), "{said}");
    assert!(run(&["keys", "rekey"], &new_old).0);
    assert!(!run(&["keys", "list"], &old).0 && run(&["token", "--sub", "a"], &new).0);
}
