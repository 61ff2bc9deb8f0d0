//! A store that an older version made: it is read and changed in its own format until it is upgraded.

use std::time::{Duration, Instant};

use jotgate_keys::{SqliteStore, Store};

use crate::client::ask_token;
use crate::program::Program;

/// What `clients add worker` printed when the store was made.
const ADDED: &str = include_str!("../format3/worker.secret");

/// The format that the stored document names.
#[track_caller]
fn format(program: &Program) -> u32 {
    let (_, document) = SqliteStore::open(&program.path()).unwrap().load().unwrap();
    let text = String::from_utf8(document.as_bytes().to_vec()).unwrap();
    let (_, rest) = text.split_once("{\"format\":").unwrap();
    rest.split(',').next().unwrap().parse().unwrap()
}

#[test]
fn k2_k6_a_store_of_format_3_stays_so_until_it_is_upgraded_and_its_clients_keep_their_secrets() {
    let program = Program::with_format_3();
    let secret = ADDED.lines().find_map(|line| line.strip_prefix("client_secret: ")).unwrap();
    let kids = |program: &Program| -> Vec<String> {
        program.state().keys().map(|key| key.kid().to_owned()).collect()
    };
    let before = kids(&program);
    assert_eq!(before.len(), 3);
    assert_eq!((program.state().revoked().len(), program.state().clients().len()), (1, 2));
    program.done(&["clients", "add", "another", "--audience", "api"]);
    assert_eq!((format(&program), program.state().store_id()), (3, None));

    let said = program.done(&["upgrade"]);
    let id = program.state().store_id().unwrap().to_string();
    assert_eq!(said, format!("the store has format 5 now; its identifier is {id}\n"));
    assert_eq!((format(&program), kids(&program)), (5, before));
    assert!(program.state().clients().iter().any(|client| client.id == "gone" && client.disabled));
    assert_eq!(program.done(&["upgrade"]), "the store has format 5 already; nothing was changed\n");
    assert_eq!(program.state().store_id().unwrap().to_string(), id);

    let serving = program.serve();
    let body = format!("grant_type=client_credentials&client_id=worker&client_secret={secret}");
    let start = Instant::now();
    while ask_token(serving.address, &[], &body).status != 200 {
        assert!(start.elapsed() < Duration::from_secs(3), "the secret of before is taken");
    }
}

#[test]
fn k2_a_new_store_has_format_5_and_an_identifier_of_its_own() {
    let [one, other] = [(); 2].map(|()| Program::with_store(&[]));
    assert_eq!((format(&one), format(&other)), (5, 5));
    assert_ne!(one.state().store_id().unwrap(), other.state().store_id().unwrap());
}
