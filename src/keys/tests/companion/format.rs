//! A store that an older version made: it is read and changed in its own format until it is upgraded.

use std::time::{Duration, Instant};

use jotgate_keys::{SqliteStore, State, Store};

use crate::client::ask_token;
use crate::program::Program;

/// What the commands that make secrets printed when the stores were made.
const FORMAT_3_SECRET: &str = include_str!("../format3/worker.secret");
const FORMAT_4_SECRETS: &str = include_str!("../format4/worker.secret");

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
    let kids = |program: &Program| -> Vec<String> {
        program.state().keys().map(|key| key.kid().to_owned()).collect()
    };
    assert_eq!(kids(&program).len(), 3);
    assert_eq!((program.state().revoked().len(), program.state().clients().len()), (1, 2));
    program.done(&["clients", "add", "another", "--audience", "api"]);
    assert_eq!((format(&program), program.state().store_id()), (3, None));
    let before = contents(&program.state());

    let said = program.done(&["upgrade"]);
    let id = program.state().store_id().unwrap().to_string();
    assert_eq!(said, format!("the store has format 5 now; its identifier is {id}\n"));
    assert_eq!((format(&program), contents(&program.state())), (5, before));
    assert!(program.state().clients().iter().any(|client| client.id == "gone" && client.disabled));
    assert_eq!(program.done(&["upgrade"]), "the store has format 5 already; nothing was changed\n");
    assert_eq!(program.state().store_id().unwrap().to_string(), id);

    assert_secrets_work(&program, FORMAT_3_SECRET, 1);
}

#[test]
fn a_store_of_format_4_stays_so_until_it_is_upgraded_without_a_loss() {
    let program = Program::with_format_4();
    let state = program.state();
    assert_eq!((format(&program), state.keys().count(), state.revoked().len()), (4, 3, 1));
    assert_eq!((state.clients()[0].secrets.len(), state.clients()[0].claims.len()), (2, 1));
    assert!(state.next_signer().is_some() && state.ledger().is_none());
    let login =
        ["clients", "add", "app", "--public", "--redirect", "https://app.example/", "--audience", "api"];
    let said = program.refused(&login);
    assert!(said.contains("`jotgate-keys upgrade`"), "{said}");
    program.done(&["clients", "add", "another", "--audience", "api", "--claim", "tier=1"]);
    assert_eq!(format(&program), 4);
    let (before, id) = (contents(&program.state()), program.state().store_id());

    program.done(&["upgrade"]);
    let after = program.state();
    assert_eq!((format(&program), contents(&after), after.store_id()), (5, before, id));
    assert!(after.ledger().is_some());
    program.done(&login);
    assert_secrets_work(&program, FORMAT_4_SECRETS, 2);
}

/// Everything that both formats hold, in an order that stays.
fn contents(state: &State) -> Vec<String> {
    let keys = state.keys().map(|key| {
        let times = (key.created, key.published, key.may_sign_from, key.longest_life);
        format!("{} {times:?} {:?}", key.kid(), key.phase)
    });
    let clients = state.clients().iter().map(|client| {
        let secrets: Vec<(String, u64)> =
            client.secrets.iter().map(|secret| (secret.id().to_owned(), secret.created)).collect();
        let may = (&client.scopes, &client.audiences, &client.audience_scopes, &client.claims);
        format!(
            "{} {} {} {} {may:?} {secrets:?}",
            client.id, client.disabled, client.created, client.token_life
        )
    });
    let others = [
        state.issuer().to_string(),
        format!("{:?}", state.settings().times()),
        format!("{:?}", state.older()),
        format!("{:?}", state.revoked()),
        format!("{:?}", state.next_signer().map(|key| key.kid().to_owned())),
    ];
    keys.chain(clients).chain(others).collect()
}

/// Each of the secrets that were printed gets a token.
#[track_caller]
fn assert_secrets_work(program: &Program, printed: &str, count: usize) {
    let serving = program.serve();
    let secrets: Vec<&str> =
        printed.lines().filter_map(|line| line.strip_prefix("client_secret: ")).collect();
    assert_eq!(secrets.len(), count);
    let start = Instant::now();
    for secret in secrets {
        let body = format!("grant_type=client_credentials&client_id=worker&client_secret={secret}");
        while ask_token(serving.address, &[], &body).status != 200 {
            assert!(start.elapsed() < Duration::from_secs(3), "a secret of before is refused");
        }
    }
}

#[test]
fn k2_a_new_store_has_format_5_and_an_identifier_of_its_own() {
    let [one, other] = [(); 2].map(|()| Program::with_store(&[]));
    assert_eq!((format(&one), format(&other)), (5, 5));
    assert_ne!(one.state().store_id().unwrap(), other.state().store_id().unwrap());
}
