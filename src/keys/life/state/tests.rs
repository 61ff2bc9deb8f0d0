//! Tests of rings of keys over their whole life.

use super::*;
use crate::test_keys::{GATE, NOW, key, key_for, state};

#[track_caller]
fn phases(state: &State) -> Vec<Phase> {
    state.hold().unwrap();
    state.keys().map(|key| key.phase).collect()
}

fn signer(state: &State) -> String {
    state.signer().unwrap().kid().to_owned()
}

#[test]
fn a_key_is_staged_then_signs_then_retires_and_none_is_dropped() {
    let (one, two) = (state(), key());
    assert_eq!(phases(&one), [Phase::Signing { since: NOW }]);
    let staged = one.stage(Arc::clone(&two), NOW + 10).unwrap();
    assert_eq!(phases(&staged), [Phase::Signing { since: NOW }, Phase::Staged]);
    let then = NOW + 10 + GATE;
    let promoted = staged.promote(two.kid(), then).unwrap();
    let expected = [Phase::Retiring { since: NOW, until: then }, Phase::Signing { since: then }];
    assert_eq!(phases(&promoted), expected);
}

#[test]
fn five_rotations_in_a_row_keep_all_six_keys() {
    let mut state = state();
    for round in 1..=5 {
        let (successor, now) = (key(), NOW + round * 1000);
        state = state.stage(Arc::clone(&successor), now).unwrap();
        state = state.promote(successor.kid(), now + GATE).unwrap();
    }
    assert_eq!(state.keys().count(), 6);
    assert_eq!(signer(&state), state.keys().last().unwrap().kid());
}

#[test]
fn a_successor_does_not_sign_a_second_before_every_verifier_can_have_it() {
    let two = key();
    let staged = state().stage(Arc::clone(&two), NOW).unwrap();
    let refusal = staged.promote(two.kid(), NOW + GATE - 1).unwrap_err();
    let (from, now) = (NOW + GATE, NOW + GATE - 1);
    assert_eq!(refusal, StateError::TooYoung { kid: two.kid().to_owned(), from, now });
    assert!(staged.promote(two.kid(), NOW + GATE).is_ok());
}

#[test]
fn a_successor_that_was_there_from_the_start_may_sign_at_once() {
    let (one, two) = (state(), key());
    let first = Arc::clone(&one.signer().unwrap().pair);
    let issuer = one.issuer.clone();
    let both = State::with_successor(issuer, one.settings, [first, Arc::clone(&two)], NOW).unwrap();
    assert_eq!(signer(&both.promote(two.kid(), NOW).unwrap()), two.kid());
}

#[test]
fn only_a_staged_key_can_be_promoted() {
    let state = state();
    for kid in [signer(&state).as_str(), "unknown"] {
        let refusal = state.promote(kid, NOW + 1000).unwrap_err();
        assert_eq!(refusal, StateError::NotStaged { kid: kid.to_owned() });
    }
}

#[test]
fn a_second_successor_and_a_known_key_are_refused() {
    let one = state();
    let staged = one.stage(key(), NOW).unwrap();
    assert_eq!(staged.stage(key(), NOW).unwrap_err().code(), "state_staged_twice");
    let known = Arc::clone(&one.rings()[0].keys()[0].pair);
    assert_eq!(one.stage(known, NOW).unwrap_err().code(), "state_kid_twice");
}

#[test]
fn another_algorithm_is_published_beside_the_first_and_takes_over_when_it_is_old_enough() {
    let (one, spare, other) = (state(), key(), key_for(SigningAlgorithm::EdDSA));
    let old = signer(&one);
    let both = one.stage(Arc::clone(&spare), NOW).unwrap().stage(Arc::clone(&other), NOW + 1).unwrap();
    assert_eq!((both.rings().len(), signer(&both)), (2, old.clone()));
    assert_eq!(both.promote(other.kid(), NOW + GATE).unwrap_err().code(), "state_too_young");
    let turned = both.promote(other.kid(), NOW + 1 + GATE).unwrap();
    assert_eq!(turned.active().unwrap().algorithm(), SigningAlgorithm::EdDSA);
    assert_eq!(signer(&turned), other.kid());
    assert!(turned.find(&old).is_some(), "its tokens live on");
    assert!(turned.find(spare.kid()).is_none(), "it never signed");
}

#[test]
fn a_stolen_signer_is_out_of_the_set_at_once_and_its_aged_successor_signs() {
    let (one, two) = (state(), key());
    let stolen = signer(&one);
    assert_eq!(one.revoke(&stolen, NOW).unwrap_err().code(), "state_no_successor");
    let staged = one.stage(Arc::clone(&two), NOW).unwrap();
    assert_eq!(staged.revoke(&stolen, NOW + GATE - 1).unwrap_err().code(), "state_too_young");
    let after = staged.revoke(&stolen, NOW + GATE).unwrap();
    assert_eq!((signer(&after).as_str(), after.keys().count()), (two.kid(), 1));
    let revocation = after.settings().times().revocation;
    let at = NOW + GATE;
    let expected =
        Revoked { kid: stolen, algorithm: SigningAlgorithm::ES256, at, distrusted_from: at + revocation };
    assert_eq!(after.revoked(), [expected]);
}

#[test]
fn a_revoked_key_that_does_not_sign_just_goes() {
    let (one, two) = (state(), key());
    let staged = one.stage(Arc::clone(&two), NOW).unwrap();
    let without = staged.revoke(two.kid(), NOW + 1).unwrap();
    assert_eq!((signer(&without), without.keys().count()), (signer(&one), 1));
    let refusal = without.revoke(two.kid(), NOW + 2).unwrap_err();
    assert_eq!(refusal, StateError::UnknownKey { kid: two.kid().to_owned() });
}

#[test]
fn an_emergency_leaves_no_key_of_before() {
    let before = state().stage(key(), NOW).unwrap().stage(key_for(SigningAlgorithm::EdDSA), NOW).unwrap();
    let (first, second) = (key(), key());
    let after = before.replace_all([Arc::clone(&first), second], NOW + 5).unwrap();
    assert_eq!((signer(&after).as_str(), after.keys().count()), (first.kid(), 2));
    let revoked: Vec<&str> = after.revoked().iter().map(|revoked| revoked.kid.as_str()).collect();
    assert_eq!(revoked, before.keys().map(Key::kid).collect::<Vec<_>>());
}

#[test]
fn a_shorter_max_age_lets_no_new_key_sign_before_the_sets_of_the_longer_one_are_gone() {
    let (one, two) = (state(), key());
    let mut times = *one.settings().times();
    times.max_age = 10;
    let shorter = Settings::new(times.shortest()).unwrap();
    let later = one.with_settings(shorter, NOW + 100);
    let from = |now: u64| later.stage(Arc::clone(&two), now).unwrap().find(two.kid()).unwrap().may_sign_from;
    assert_eq!(from(NOW + 101), NOW + 100 + GATE, "such a set may have left just before");
    let pre = shorter.times().pre_publication;
    assert_eq!(from(NOW + 100 + GATE), NOW + 100 + GATE + pre, "none is left");
    let back = later.with_settings(*one.settings(), NOW + 101).with_settings(shorter, NOW + 102);
    assert_eq!(back.older().may_sign_from, NOW + 102 + GATE, "the latest counts");
}

#[test]
fn shorter_times_end_no_retirement_and_no_distrust_that_was_promised() {
    let (one, two) = (state(), key());
    let old = signer(&one);
    let mut times = *one.settings().times();
    (times.replica_delay, times.leeway, times.max_stale) = (0, 0, 0);
    let shorter = Settings::new(times.shortest()).unwrap();
    let turned = one.stage(Arc::clone(&two), NOW).unwrap().promote(two.kid(), NOW + GATE).unwrap();
    let promised = turned.gone_from(turned.find(&old).unwrap(), one.settings()).unwrap();
    let later = turned.with_settings(shorter, NOW + GATE);
    assert_eq!(later.gone_from(later.find(&old).unwrap(), &shorter), Some(promised));
    let thief = later.revoke(&old, NOW + GATE).unwrap();
    assert_eq!(thief.revoked()[0].distrusted_from, NOW + GATE + one.settings().times().revocation);
}

#[test]
fn longer_times_hold_for_keys_that_have_not_signed_and_for_no_other() {
    let (one, two) = (state(), key());
    let staged = one.stage(Arc::clone(&two), NOW).unwrap();
    let mut times = *one.settings().times();
    (times.max_age, times.longest_life) = (600, 3600);
    let later = staged.with_settings(Settings::new(times.shortest()).unwrap(), NOW + 1);
    let (old, new) = (later.signer().unwrap(), later.find(two.kid()).unwrap());
    assert_eq!((old.longest_life, new.longest_life), (1800, 3600));
    assert_eq!(new.may_sign_from, NOW + GATE + 300);
}

#[test]
fn a_store_of_format_3_takes_nothing_new_until_it_is_upgraded_once() {
    let (mut client, _) = Client::new("worker", None, &["api".to_owned()], NOW).unwrap();
    let old = state().add_client(client.clone()).unwrap();
    client.claims.insert("tenant".to_owned(), 7.into());
    let with_claims = |state: &State| state.change_client("worker", |found| found.clone_from(&client));
    let refusal = with_claims(&old).unwrap_err();
    assert_eq!(refusal, StateError::NeedsUpgrade { what: "a client's own claims", format: 3 });
    assert!(refusal.to_string().contains("`jotgate-keys upgrade`"), "{refusal}");
    assert_eq!(old.require_format_4("x").unwrap_err().code(), "store_needs_upgrade");
    let id = StoreId::generate().unwrap();
    let new = old.upgrade(id).unwrap();
    assert!(new.require_format_4("x").is_ok() && new.upgrade(StoreId::generate().unwrap()).is_none());
    assert_eq!((new.store_id(), with_claims(&new).unwrap().clients()), (Some(id), &[client][..]));
}

#[test]
fn k3_a_change_by_a_clock_that_is_far_behind_is_dated_with_what_is_known_to_be_past() {
    let (one, two, three) = (state(), key(), key());
    assert_eq!((one.ahead_of(NOW), one.ahead_of(NOW - 1)), (None, Some(NOW)));
    let staged = one.stage(Arc::clone(&two), NOW - 400 * 86_400).unwrap();
    let successor = staged.find(two.kid()).unwrap();
    assert_eq!((successor.published, successor.may_sign_from), (NOW, NOW + GATE));
    let turned = staged.promote(two.kid(), NOW + GATE).unwrap();
    let after = turned.revoke(&signer(&one), NOW - 1).unwrap().stage(three, 0).unwrap();
    assert_eq!(after.revoked()[0].at, NOW + GATE);
    assert_eq!(after.ahead_of(NOW + GATE), None);
}

#[test]
fn parts_that_break_the_invariant_make_no_state() {
    let whole = state();
    let ring = whole.rings()[0].clone();
    let with = |rings| {
        State::from_parts(None, whole.issuer.clone(), whole.settings, Older::default(), rings, vec![], vec![])
            .unwrap_err()
            .code()
    };
    let mut asleep = ring.clone();
    asleep.keys[0].phase = Phase::Staged;
    let mut twice = ring.clone();
    twice.keys.push(Key { pair: key(), ..ring.keys[0].clone() });
    let other = Ring::opened(Purpose::Access, &whole.settings, key_for(SigningAlgorithm::EdDSA), NOW);
    let empty = Ring { purpose: Purpose::Access, algorithm: SigningAlgorithm::EdDSA, keys: vec![] };
    assert_eq!(with(vec![]), "state_no_ring");
    assert_eq!(with(vec![asleep]), "state_not_one_signer");
    assert_eq!(with(vec![twice]), "state_not_one_signer");
    assert_eq!(with(vec![ring.clone(), other]), "state_not_one_signer");
    assert_eq!(with(vec![ring.clone(), empty]), "state_empty_ring");
    assert_eq!(with(vec![ring.clone(), ring]), "state_ring_twice");
}
