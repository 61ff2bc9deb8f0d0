//! Tests that every ledger must pass. Each implementation runs them.

use super::*;
use crate::StoreId;
use crate::test_keys::NOW;

/// A way to make ledgers.
pub(super) trait Subject {
    /// The location of a ledger, such as its folder.
    type Place;

    /// Makes a new, empty ledger.
    fn fresh(&self) -> (Self::Place, Box<dyn Ledger>);

    /// Opens the ledger in that location again, as another process would.
    fn again(&self, place: &Self::Place, store: StoreId) -> Result<Box<dyn Ledger>, LedgerError>;
}

const LIMITS: SessionLimits = SessionLimits { idle: 100, absolute: 1000 };

/// Runs every behaviour, each on a fresh ledger.
pub(super) fn run<S: Subject>(subject: &S) {
    names_are_one_whatever_their_case_and_a_person_goes_with_all_that_it_has(subject);
    what_a_person_is_called_is_stored_replaced_and_gone_with_the_person(subject);
    disabling_and_another_password_end_sessions_and_grants(subject);
    a_session_ends_when_it_is_idle_too_old_or_replaced(subject);
    a_code_is_redeemed_once_and_its_second_use_ends_the_grant(subject);
    a_code_with_something_wrong_is_burnt(subject);
    many_that_redeem_one_code_at_once_get_it_once(subject);
    a_refresh_token_is_repeated_twice_at_most_until_its_successor_is_used(subject);
    a_refresh_token_that_is_repeated_too_late_or_too_often_ends_its_grant(subject);
    a_refresh_token_of_another_client_changes_nothing_and_all_end_by_age(subject);
    a_grant_bound_to_a_key_needs_it_from_a_public_client(subject);
    a_client_ends_its_own_grants_alone(subject);
    consent_and_values_that_are_used_once_come_back(subject);
    tries_in_unknown_browsers_are_counted_together_and_come_slowly_after_too_many(subject);
    many_tries_at_once_are_no_more_than_one_after_the_other(subject);
    a_known_browser_has_tries_of_its_own_and_is_unknown_after_them(subject);
    another_hash_of_a_password_replaces_the_one_it_was_made_from(subject);
    a_new_epoch_ends_codes_sessions_and_grants_and_keeps_people(subject);
    the_sweep_takes_what_is_dead_in_batches_and_nothing_else(subject);
    the_change_number_rises_with_each_change_and_with_no_reading(subject);
    what_was_answered_is_there_for_another_process_and_another_stores_ledger_is_refused(subject);
    device_suite::run(subject);
}

/// Returns the identifier of the store to which the ledgers belong.
pub(super) fn id() -> StoreId {
    "00000000000000000000000000000001".parse().unwrap()
}

/// Makes a new ledger with the person `u_ada`.
pub(super) fn ledger<S: Subject>(subject: &S) -> (S::Place, Box<dyn Ledger>) {
    let (place, ledger) = subject.fresh();
    ledger.add_user(&user("ada")).unwrap();
    (place, ledger)
}

fn user(name: &str) -> User {
    let plain = User::new(format!("u_{name}"), name.to_owned(), "hash".to_owned(), NOW);
    User { roles: vec!["admin".to_owned()], ..plain }
}

fn secret(text: &str) -> SecretHash {
    SecretHash::of(text.as_bytes())
}

fn grant(id: u8) -> Grant {
    Grant {
        id: [id; 16],
        subject: "u_ada".to_owned(),
        client: "app".to_owned(),
        scopes: vec!["read".to_owned()],
        audiences: vec!["https://api.example".to_owned()],
        offline: true,
        authenticated: NOW,
        acr: "acr".to_owned(),
        methods: vec!["pwd".to_owned()],
        jkt: None,
        nonce: Some("nonce".to_owned()),
        sid: Some("sid".to_owned()),
        created: NOW,
        ended: None,
    }
}

fn code(id: u8) -> NewCode {
    NewCode {
        hash: secret(&format!("code {id}")),
        grant: grant(id),
        redirect_uri: Some("https://app.example/cb".to_owned()),
        challenge: Some("challenge".to_owned()),
        expires: NOW + 60,
    }
}

fn redeem(id: u8) -> CodeAttempt {
    CodeAttempt {
        hash: secret(&format!("code {id}")),
        client: "app".to_owned(),
        redirect_uri: Some("https://app.example/cb".to_owned()),
        challenge: Some("challenge".to_owned()),
        jkt: None,
        refresh: secret("R0"),
        key: "key".to_owned(),
        now: NOW + 1,
    }
}

fn refresh(id: u8, presented: &str, successor: &str, now: u64) -> RefreshAttempt {
    RefreshAttempt {
        grant: [id; 16],
        presented: secret(presented),
        successor: secret(successor),
        key: "key".to_owned(),
        client: "app".to_owned(),
        jkt: None,
        public: true,
        now,
    }
}

/// Makes a new ledger with a grant whose first refresh token is R0.
fn redeemed<S: Subject>(subject: &S) -> (S::Place, Box<dyn Ledger>) {
    let (folder, ledger) = ledger(subject);
    ledger.issue_code(&code(1)).unwrap();
    assert_eq!(ledger.redeem_code(&redeem(1)), Ok(CodeOutcome::Redeemed(grant(1))));
    (folder, ledger)
}

fn is_ended(ledger: &dyn Ledger) -> bool {
    ledger.grant(&[1; 16]).unwrap().is_none_or(|grant| grant.ended.is_some())
}

fn names_are_one_whatever_their_case_and_a_person_goes_with_all_that_it_has<S: Subject>(subject: &S) {
    let (_folder, ledger) = redeemed(subject);
    assert_eq!(ledger.add_user(&User { subject: "u_2".to_owned(), ..user("ADA") }), Ok(false));
    assert_eq!(ledger.user_named("Ada").unwrap(), Some(user("ada")));
    assert_eq!(ledger.users().unwrap(), [user("ada")]);
    assert_eq!((ledger.remove_user("aDa"), ledger.remove_user("ada")), (Ok(true), Ok(false)));
    assert!(ledger.user("u_ada").unwrap().is_none() && is_ended(ledger.as_ref()));
}

fn what_a_person_is_called_is_stored_replaced_and_gone_with_the_person<S: Subject>(subject: &S) {
    let (_folder, ledger) = ledger(subject);
    let profile = |email_verified| Profile {
        name: Some("Grace Hopper".to_owned()),
        email: Some("grace@example.com".to_owned()),
        email_verified,
    };
    let grace = User { profile: profile(true), ..user("grace") };
    assert_eq!(ledger.add_user(&grace), Ok(true));
    assert_eq!(ledger.user("u_grace"), Ok(Some(grace.clone())));
    assert_eq!(
        (ledger.set_profile("GRACE", &profile(false)), ledger.set_profile("x", &profile(false))),
        (Ok(true), Ok(false))
    );
    assert_eq!(ledger.user_named("grace").unwrap().unwrap().profile, profile(false));
    assert_eq!(ledger.set_profile("grace", &Profile::default()), Ok(true));
    assert_eq!(ledger.users().unwrap(), [user("ada"), user("grace")]);
    assert_eq!(ledger.remove_user("grace"), Ok(true));
    assert_eq!(ledger.add_user(&user("grace")), Ok(true));
    assert_eq!(ledger.user("u_grace").unwrap().unwrap().profile, Profile::default());
}

fn disabling_and_another_password_end_sessions_and_grants<S: Subject>(subject: &S) {
    for end in [(|ledger| ledger.enable_user("ada", false, NOW + 2)) as fn(&dyn Ledger) -> _, |ledger| {
        ledger.set_password("ada", "new", NOW + 2)
    }] {
        let (_folder, ledger) = redeemed(subject);
        let session = session("cookie");
        ledger.open_session(&session, None).unwrap();
        assert!(ledger.session(&session.hash, LIMITS, NOW + 1).unwrap().is_some());
        assert_eq!(end(ledger.as_ref()), Ok(true));
        ledger.enable_user("ada", true, NOW + 3).unwrap();
        assert_eq!(ledger.session(&session.hash, LIMITS, NOW + 3), Ok(None));
        assert_eq!(ledger.refresh(&refresh(1, "R0", "R1", NOW + 3)), Ok(RefreshOutcome::Expired));
    }
}

fn session(cookie: &str) -> Session {
    Session {
        hash: secret(cookie),
        subject: "u_ada".to_owned(),
        authenticated: NOW,
        methods: vec!["pwd".to_owned()],
        last_seen: NOW,
    }
}

fn a_session_ends_when_it_is_idle_too_old_or_replaced<S: Subject>(subject: &S) {
    let (_folder, ledger) = ledger(subject);
    let first = session("first");
    ledger.open_session(&first, None).unwrap();
    let alive = |ledger: &dyn Ledger, at| ledger.session(&first.hash, LIMITS, at).unwrap().is_some();
    for at in (NOW + 99..NOW + 1000).step_by(99) {
        assert!(alive(ledger.as_ref(), at), "{}", at - NOW);
    }
    assert!(!alive(ledger.as_ref(), NOW + 1000), "it is a thousand seconds old");
    ledger.open_session(&session("second"), Some(&first.hash)).unwrap();
    assert!(!alive(ledger.as_ref(), NOW + 1));
    let idle = ledger.session(&secret("second"), LIMITS, NOW + 100);
    assert_eq!(idle, Ok(None));
}

fn a_code_is_redeemed_once_and_its_second_use_ends_the_grant<S: Subject>(subject: &S) {
    let (_folder, ledger) = redeemed(subject);
    let other = CodeAttempt { client: "other".to_owned(), ..redeem(1) };
    assert_eq!(ledger.redeem_code(&other), Ok(CodeOutcome::Unknown));
    assert!(!is_ended(ledger.as_ref()), "another client's use changes nothing");
    assert!(matches!(ledger.redeem_code(&redeem(1)), Ok(CodeOutcome::Reused(_))));
    assert!(is_ended(ledger.as_ref()));
    assert_eq!(ledger.refresh(&refresh(1, "R0", "R1", NOW + 2)), Ok(RefreshOutcome::Expired));
    assert_eq!(ledger.redeem_code(&redeem(9)), Ok(CodeOutcome::Unknown));
}

fn a_code_with_something_wrong_is_burnt<S: Subject>(subject: &S) {
    let wrong = |change: fn(&mut CodeAttempt)| {
        let mut attempt = redeem(1);
        change(&mut attempt);
        attempt
    };
    for (attempt, outcome) in [
        (wrong(|attempt| attempt.challenge = Some("other".to_owned())), CodeOutcome::Verifier),
        (wrong(|attempt| attempt.challenge = None), CodeOutcome::Verifier),
        (wrong(|attempt| attempt.redirect_uri = None), CodeOutcome::RedirectUri),
        (wrong(|attempt| attempt.now = NOW + 60), CodeOutcome::Expired),
    ] {
        let (_folder, ledger) = ledger(subject);
        ledger.issue_code(&code(1)).unwrap();
        assert_eq!(ledger.redeem_code(&attempt), Ok(outcome.clone()));
        let again = ledger.redeem_code(&CodeAttempt { now: attempt.now, ..redeem(1) });
        assert!(!matches!(again, Ok(CodeOutcome::Redeemed(_))), "{outcome:?}");
    }
    let (_folder, ledger) = ledger(subject);
    ledger.issue_code(&NewCode { challenge: None, ..code(1) }).unwrap();
    assert_eq!(ledger.redeem_code(&redeem(1)), Ok(CodeOutcome::VerifierUnasked));
}

fn many_that_redeem_one_code_at_once_get_it_once<S: Subject>(subject: &S) {
    let (_folder, ledger) = ledger(subject);
    ledger.issue_code(&code(1)).unwrap();
    let outcomes: Vec<CodeOutcome> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..16).map(|_| scope.spawn(|| ledger.redeem_code(&redeem(1)).unwrap())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let redeemed = outcomes.iter().filter(|outcome| matches!(outcome, CodeOutcome::Redeemed(_))).count();
    assert_eq!(redeemed, 1);
    assert!(is_ended(ledger.as_ref()));
}

fn a_refresh_token_is_repeated_twice_at_most_until_its_successor_is_used<S: Subject>(subject: &S) {
    let (_folder, ledger) = redeemed(subject);
    let use_token =
        |presented: &str, successor: &str, now| ledger.refresh(&refresh(1, presented, successor, now));
    assert_eq!(use_token("R0", "R1", NOW + 10), Ok(RefreshOutcome::Rotated(grant(1))));
    for repeats in [1, 2] {
        let repeated = RefreshOutcome::Repeated { grant: grant(1), key: "key".to_owned(), repeats };
        assert_eq!(use_token("R0", "R1", NOW + 11), Ok(repeated));
    }
    assert_eq!(use_token("R1", "R2", NOW + 12), Ok(RefreshOutcome::Rotated(grant(1))));
    assert!(matches!(use_token("R0", "R1", NOW + 13), Ok(RefreshOutcome::Reused(_))));
    assert!(is_ended(ledger.as_ref()));
    assert_eq!(use_token("R2", "R3", NOW + 14), Ok(RefreshOutcome::Expired));
}

fn a_refresh_token_that_is_repeated_too_late_or_too_often_ends_its_grant<S: Subject>(subject: &S) {
    let (_folder, late) = redeemed(subject);
    late.refresh(&refresh(1, "R0", "R1", NOW + 10)).unwrap();
    let outcome = late.refresh(&refresh(1, "R0", "R1", NOW + 70));
    assert!(matches!(outcome, Ok(RefreshOutcome::Reused(_))), "{outcome:?}");
    let (_folder, often) = redeemed(subject);
    for _ in 0..3 {
        often.refresh(&refresh(1, "R0", "R1", NOW + 10)).unwrap();
    }
    assert!(matches!(often.refresh(&refresh(1, "R0", "R1", NOW + 10)), Ok(RefreshOutcome::Reused(_))));
    assert!(is_ended(often.as_ref()));
}

fn a_refresh_token_of_another_client_changes_nothing_and_all_end_by_age<S: Subject>(subject: &S) {
    let (_folder, ledger) = redeemed(subject);
    let other = RefreshAttempt { client: "other".to_owned(), ..refresh(1, "R0", "R1", NOW + 2) };
    assert_eq!(ledger.refresh(&other), Ok(RefreshOutcome::Unknown));
    let days = |days: u64| NOW + days * 86_400;
    let mut token = "R0".to_owned();
    for (generation, day) in [29, 58, 87].into_iter().enumerate() {
        let next = format!("R{}", generation + 1);
        let outcome = ledger.refresh(&refresh(1, &token, &next, days(day)));
        assert_eq!(outcome, Ok(RefreshOutcome::Rotated(grant(1))), "day {day}");
        token = next;
    }
    assert_eq!(ledger.refresh(&refresh(1, &token, "R4", days(90))), Ok(RefreshOutcome::Expired));
    let (_folder, idle) = redeemed(subject);
    assert_eq!(idle.refresh(&refresh(1, "R0", "R1", days(31))), Ok(RefreshOutcome::Expired));
}

fn a_grant_bound_to_a_key_needs_it_from_a_public_client<S: Subject>(subject: &S) {
    let (_folder, ledger) = ledger(subject);
    ledger.issue_code(&code(1)).unwrap();
    let bound = CodeAttempt { jkt: Some("thumb".to_owned()), ..redeem(1) };
    assert!(matches!(ledger.redeem_code(&bound), Ok(CodeOutcome::Redeemed(_))));
    for jkt in [None, Some("other".to_owned())] {
        let attempt = RefreshAttempt { jkt, ..refresh(1, "R0", "R1", NOW + 2) };
        assert_eq!(ledger.refresh(&attempt), Ok(RefreshOutcome::ProofKey));
    }
    let right = RefreshAttempt { jkt: Some("thumb".to_owned()), ..refresh(1, "R0", "R1", NOW + 2) };
    assert!(matches!(ledger.refresh(&right), Ok(RefreshOutcome::Rotated(_))));
}

fn a_client_ends_its_own_grants_alone<S: Subject>(subject: &S) {
    let (_folder, ledger) = redeemed(subject);
    assert_eq!(ledger.end_grant(&[1; 16], "other", NOW + 2), Ok(false));
    assert!(!is_ended(ledger.as_ref()));
    assert_eq!(ledger.end_grant(&[1; 16], "app", NOW + 2), Ok(true));
    assert!(is_ended(ledger.as_ref()));
}

fn consent_and_values_that_are_used_once_come_back<S: Subject>(subject: &S) {
    let (_folder, ledger) = ledger(subject);
    let consent = Consent { scopes: vec!["read".to_owned()], audiences: vec![], given: NOW };
    assert_eq!(ledger.consent("u_ada", "app"), Ok(None));
    for consent in [consent, Consent { scopes: vec![], audiences: vec!["api".to_owned()], given: NOW + 1 }] {
        ledger.give_consent("u_ada", "app", &consent).unwrap();
        assert_eq!(ledger.consent("u_ada", "app"), Ok(Some(consent)));
    }
    let value = secret("jti");
    assert_eq!(ledger.use_once(&value, NOW + 9, NOW), Ok(true));
    assert_eq!(ledger.use_once(&value, NOW + 9, NOW + 9), Ok(false));
    assert_eq!(ledger.use_once(&value, NOW + 20, NOW + 10), Ok(true));
}

fn try_in(ledger: &dyn Ledger, browser: Option<&str>, now: u64) -> TryOutcome {
    let limits = TryLimits { known: 3, unknown: 5, pause: 600 };
    let attempt = LoginTry { subject: "u_ada".to_owned(), browser: browser.map(secret), limits, now };
    ledger.begin_try(&attempt).unwrap()
}

fn tries_in_unknown_browsers_are_counted_together_and_come_slowly_after_too_many<S: Subject>(subject: &S) {
    let (_folder, ledger) = ledger(subject);
    let allowed = |failures| TryOutcome::Allowed { known: false, failures };
    for failures in 1..=5 {
        assert_eq!(
            try_in(ledger.as_ref(), Some("of another person").filter(|_| failures % 2 == 0), NOW),
            allowed(failures)
        );
    }
    assert_eq!(ledger.user("u_ada").unwrap().unwrap().last_failure, NOW);
    assert_eq!(try_in(ledger.as_ref(), None, NOW), TryOutcome::Wait { after: 600 });
    assert_eq!(try_in(ledger.as_ref(), None, NOW + 599), TryOutcome::Wait { after: 1 });
    assert_eq!(try_in(ledger.as_ref(), None, NOW + 600), allowed(6));
    assert_eq!(try_in(ledger.as_ref(), None, NOW + 601), TryOutcome::Wait { after: 599 });
    assert_eq!((ledger.forget_failures("u_ada"), ledger.forget_failures("nobody")), (Ok(true), Ok(false)));
    assert_eq!(try_in(ledger.as_ref(), None, NOW + 602), allowed(1));
}

fn many_tries_at_once_are_no_more_than_one_after_the_other<S: Subject>(subject: &S) {
    let (_folder, ledger) = ledger(subject);
    let outcomes: Vec<TryOutcome> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..32).map(|_| scope.spawn(|| try_in(ledger.as_ref(), None, NOW))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(outcomes.iter().filter(|outcome| matches!(outcome, TryOutcome::Allowed { .. })).count(), 5);
}

fn a_known_browser_has_tries_of_its_own_and_is_unknown_after_them<S: Subject>(subject: &S) {
    let (_folder, ledger) = ledger(subject);
    ledger.add_user(&user("grace")).unwrap();
    ledger.remember_browser(&secret("first"), None, "u_grace", NOW).unwrap();
    ledger.remember_browser(&secret("second"), Some(&secret("first")), "u_ada", NOW).unwrap();
    while !matches!(try_in(ledger.as_ref(), None, NOW), TryOutcome::Wait { .. }) {}
    let known = |failures| TryOutcome::Allowed { known: true, failures };
    assert!(
        matches!(try_in(ledger.as_ref(), Some("first"), NOW), TryOutcome::Wait { .. }),
        "it was replaced"
    );
    assert_eq!(try_in(ledger.as_ref(), Some("second"), NOW), known(1));
    ledger.remember_browser(&secret("third"), Some(&secret("second")), "u_ada", NOW).unwrap();
    for failures in 1..=3 {
        assert_eq!(try_in(ledger.as_ref(), Some("third"), NOW), known(failures));
    }
    assert!(matches!(try_in(ledger.as_ref(), Some("third"), NOW), TryOutcome::Wait { .. }), "three are over");
    assert!(matches!(try_in(ledger.as_ref(), Some("third"), NOW), TryOutcome::Wait { .. }));
    let grace = |browser| {
        let limits = TryLimits { known: 3, unknown: 5, pause: 600 };
        ledger.begin_try(&LoginTry {
            subject: "u_grace".to_owned(),
            browser: Some(secret(browser)),
            limits,
            now: NOW,
        })
    };
    assert_eq!(grace("third"), Ok(known(1)), "another person who uses the same browser");
    assert!(ledger.set_password("grace", "new", NOW).unwrap());
    assert_eq!(grace("third"), Ok(TryOutcome::Allowed { known: false, failures: 1 }));
    ledger.remember_browser(&secret("old"), None, "u_grace", NOW).unwrap();
    assert_eq!(ledger.sweep(LIMITS, NOW + 366 * 86_400, 10), Ok(1));
    assert_eq!(grace("old"), Ok(TryOutcome::Allowed { known: false, failures: 2 }));
}

fn another_hash_of_a_password_replaces_the_one_it_was_made_from<S: Subject>(subject: &S) {
    let (_folder, ledger) = ledger(subject);
    ledger.rehash_password("u_ada", "another", "new").unwrap();
    assert_eq!(ledger.user("u_ada").unwrap().unwrap().password, "hash");
    ledger.rehash_password("u_ada", "hash", "new").unwrap();
    assert_eq!(ledger.user("u_ada").unwrap().unwrap().password, "new");
}

fn a_new_epoch_ends_codes_sessions_and_grants_and_keeps_people<S: Subject>(subject: &S) {
    let (_folder, ledger) = redeemed(subject);
    ledger.open_session(&session("cookie"), None).unwrap();
    ledger.issue_code(&code(2)).unwrap();
    ledger.begin_epoch(2).unwrap();
    ledger.begin_epoch(1).unwrap();
    assert_eq!(ledger.epoch(), Ok(2));
    assert_eq!(ledger.session(&secret("cookie"), LIMITS, NOW), Ok(None));
    assert_eq!(ledger.redeem_code(&redeem(2)), Ok(CodeOutcome::Unknown));
    assert_eq!(ledger.refresh(&refresh(1, "R0", "R1", NOW + 1)), Ok(RefreshOutcome::Unknown));
    assert_eq!(ledger.users().unwrap().len(), 1);
    assert_eq!(ledger.sweep(LIMITS, NOW, 100), Ok(3));
}

fn the_sweep_takes_what_is_dead_in_batches_and_nothing_else<S: Subject>(subject: &S) {
    let (_folder, ledger) = redeemed(subject);
    for cookie in ["a", "b", "c"] {
        ledger.open_session(&session(cookie), None).unwrap();
    }
    ledger.use_once(&secret("jti"), NOW, NOW).unwrap();
    assert_eq!(ledger.sweep(LIMITS, NOW, 2), Ok(0));
    assert_eq!(ledger.sweep(LIMITS, NOW + 100, 2), Ok(3), "two sessions and a value");
    assert_eq!(ledger.sweep(LIMITS, NOW + 100, 2), Ok(1));
    assert!(!is_ended(ledger.as_ref()));
    assert_eq!(ledger.sweep(LIMITS, NOW + 91 * 86_400, 9), Ok(1));
}

fn the_change_number_rises_with_each_change_and_with_no_reading<S: Subject>(subject: &S) {
    let (_folder, ledger) = ledger(subject);
    let before = ledger.change_number().unwrap();
    ledger.users().unwrap();
    assert_eq!(ledger.change_number(), Ok(before));
    ledger.add_user(&user("grace")).unwrap();
    assert!(ledger.change_number().unwrap() > before);
}

fn what_was_answered_is_there_for_another_process_and_another_stores_ledger_is_refused<S: Subject>(
    subject: &S,
) {
    let (place, ledger) = redeemed(subject);
    drop(ledger);
    let again = subject.again(&place, id()).unwrap();
    assert!(matches!(again.redeem_code(&redeem(1)), Ok(CodeOutcome::Reused(_))));
    let other = subject.again(&place, StoreId::generate().unwrap());
    assert_eq!(other.unwrap_err().code(), "ledger_other_store");
}
