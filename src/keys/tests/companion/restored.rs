//! The store file replaced by an older copy under a running server, and links to the key-encryption key.

use std::fs;

use crate::client::{ask, ask_token, get_set};
use crate::program::{Program, secret_in, until};

#[test]
fn k2_an_older_copy_of_the_store_brings_no_revoked_key_back_until_it_is_accepted() {
    let program = Program::with_store(&["--replica-delay", "3"]);
    let added = program.done(&["clients", "add", "worker", "--audience", "https://api.example"]);
    let secret = secret_in(&added);
    let (serving, ops) = program.serve_with_ops();
    let body = format!("grant_type=client_credentials&client_id=worker&client_secret={secret}");
    let token = || ask_token(serving.address, &[], &body).status;
    let ready = || ask(ops, "GET", "/healthz/ready", &[]);
    until("it is ready", || ready().status == 200 && token() == 200);
    let stolen = program.state().signer().unwrap().kid().to_owned();
    let backup = fs::read(program.path()).unwrap();
    program.done(&["keys", "revoke", &stolen, "--yes"]);
    until("the key is gone", || !get_set(serving.address).kids().contains(&stolen));

    fs::write(program.path(), &backup).unwrap();
    until("it is unready", || ready().status == 503);
    assert!(ready().body.starts_with("store_rolled_back: "), "{}", ready().body);
    until("nothing is signed", || token() == 503);
    assert!(!get_set(serving.address).kids().contains(&stolen), "the published set stays");
    for command in [&["keys", "list"][..], &["token", "--sub", "a"], &["serve", "--listen", "127.0.0.1:0"]] {
        let said = program.refused(command);
        assert!(said.contains("older copy") && said.contains("`jotgate-keys keys restored`"), "{said}");
    }

    assert!(program.refused(&["keys", "restored"]).contains("--yes"));
    let said = program.done(&["keys", "restored", "--yes"]);
    assert!(said.starts_with("the store goes on as version ") && said.contains(&stolen), "{said}");
    until("it goes on", || ready().status == 200 && token() == 200);
    assert!(get_set(serving.address).kids().contains(&stolen), "it was accepted");
    program.done(&["keys", "revoke", &stolen, "--yes"]);
    assert_eq!(program.done(&["keys", "restored"]), "the store was not rolled back; nothing was changed\n");
    let metrics = ask(ops, "GET", "/metrics", &[]).body;
    let id = program.state().store_id().unwrap();
    assert!(metrics.contains(&format!("jotgate_store_info{{store_id=\"{id}\",digest=\"")), "{metrics}");
}

#[test]
fn a_store_that_a_new_machine_does_not_remember_is_accepted_as_restored() {
    let program = Program::with_store(&[]);
    let epoch = program.state().ledger().unwrap().epoch;
    assert_eq!(program.done(&["keys", "restored"]), "the store was not rolled back; nothing was changed\n");
    // A new machine has the store and the key-encryption key from backups, and no high-water mark.
    fs::remove_file(program.path().with_extension("sqlite.kek.mark")).unwrap();
    assert!(program.refused(&["keys", "restored"]).contains("--yes"));
    let said = program.done(&["keys", "restored", "--yes"]);
    assert!(said.starts_with("the store goes on as version "), "{said}");
    assert_eq!(program.state().ledger().unwrap().epoch, epoch + 1, "everybody has to log in again");
    assert_eq!(program.done(&["keys", "restored"]), "the store was not rolled back; nothing was changed\n");
}

#[test]
fn k2_a_copy_from_before_the_upgrade_is_an_older_copy() {
    let program = Program::with_format_3();
    let backup = fs::read(program.path()).unwrap();
    program.done(&["upgrade"]);
    let id = program.state().store_id();
    fs::write(program.path(), &backup).unwrap();
    assert!(program.refused(&["keys", "list"]).contains("from before `upgrade`"));
    program.done(&["keys", "restored", "--yes"]);
    program.done(&["keys", "list"]);
    assert_eq!(program.state().store_id(), id);
}

#[test]
fn k2_a_new_store_in_the_place_of_a_lost_one_is_made_by_init_alone() {
    let program = Program::with_store(&[]);
    fs::remove_file(program.path()).unwrap();
    program.done(&["init", "--issuer", "https://issuer.example"]);
    program.done(&["keys", "list"]);
}

#[test]
fn k15_rekey_with_a_linked_key_encryption_key_changes_the_file_that_the_link_points_to() {
    let program = Program::new();
    let elsewhere = program.path().parent().unwrap().with_file_name("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let (target, link) = (elsewhere.join("kek"), elsewhere.with_file_name("link"));
    let kek_file = |path: &std::path::Path| path.to_str().unwrap().to_owned();
    program.done(&["init", "--issuer", "https://issuer.example", "--kek-file", &kek_file(&target)]);
    std::os::unix::fs::symlink(&target, &link).unwrap();
    let before = fs::read(&target).unwrap();
    program.done(&["keys", "rekey", "--kek-file", &kek_file(&link)]);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_ne!(fs::read(&target).unwrap(), before);
    for path in [&target, &link] {
        program.done(&["token", "--sub", "somebody", "--kek-file", &kek_file(path)]);
    }
}
