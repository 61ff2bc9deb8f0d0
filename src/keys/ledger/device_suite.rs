//! Tests of the device flow (RFC 8628) that every ledger must pass.

use super::ledger_suite::{Subject, ledger};
use super::*;
use crate::test_keys::NOW;

/// Runs every behaviour, each on a fresh ledger.
pub(super) fn run<S: Subject>(subject: &S) {
    a_device_code_is_redeemed_once_after_it_was_allowed(subject);
    a_device_that_polls_too_early_waits_longer_and_codes_end(subject);
}

fn request(number: u8) -> DeviceRequest {
    DeviceRequest {
        user_code: format!("BCDFGHJ{number}"),
        client: "tv".to_owned(),
        scopes: vec!["read".to_owned()],
        audiences: vec!["api".to_owned()],
        offline: true,
        jkt: None,
        created: NOW,
        grant: [number; 16],
    }
}

fn begin(ledger: &dyn Ledger, number: u8) -> bool {
    let hash = SecretHash::of(&[number]);
    ledger
        .begin_device(&NewDevice { hash, request: request(number), expires: NOW + 600, interval: 5 })
        .unwrap()
}

fn poll(ledger: &dyn Ledger, number: u8, client: &str, now: u64) -> DeviceOutcome {
    let attempt = DevicePoll {
        hash: SecretHash::of(&[number]),
        client: client.to_owned(),
        jkt: None,
        refresh: SecretHash::of(b"R0"),
        key: "key".to_owned(),
        now,
    };
    ledger.poll_device(&attempt).unwrap()
}

fn grant(number: u8) -> Grant {
    Grant {
        id: [number; 16],
        subject: "u_ada".to_owned(),
        client: "tv".to_owned(),
        scopes: vec!["read".to_owned()],
        audiences: vec!["api".to_owned()],
        offline: true,
        authenticated: NOW,
        acr: "acr".to_owned(),
        methods: vec!["pwd".to_owned()],
        jkt: None,
        nonce: None,
        sid: None,
        created: NOW,
        ended: None,
    }
}

fn a_device_code_is_redeemed_once_after_it_was_allowed<S: Subject>(subject: &S) {
    let (_folder, ledger) = ledger(subject);
    assert!(begin(ledger.as_ref(), 1) && !begin(ledger.as_ref(), 1), "a user code is one device's");
    assert_eq!(ledger.device("BCDFGHJ1", NOW + 1), Ok(Some(request(1))));
    assert_eq!((ledger.device("BCDFGHJ1", NOW + 600), ledger.device("BCDFGHJ2", NOW)), (Ok(None), Ok(None)));
    assert_eq!(poll(ledger.as_ref(), 1, "tv", NOW + 5), DeviceOutcome::Pending);
    assert_eq!(poll(ledger.as_ref(), 1, "radio", NOW + 6), DeviceOutcome::Unknown);
    assert_eq!(
        ledger.answer_device("BCDFGHJ1", &DeviceAnswer::Allowed(Box::new(grant(1))), NOW + 7),
        Ok(true)
    );
    assert_eq!(ledger.answer_device("BCDFGHJ1", &DeviceAnswer::Denied, NOW + 7), Ok(false));
    assert_eq!(ledger.device("BCDFGHJ1", NOW + 7), Ok(None), "it is answered");
    assert_eq!(ledger.grant_of_device(&SecretHash::of(&[1])), Ok(Some([1; 16])));
    let outcomes: Vec<DeviceOutcome> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..8).map(|_| scope.spawn(|| poll(ledger.as_ref(), 1, "tv", NOW + 10))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(
        outcomes.iter().filter(|outcome| **outcome == DeviceOutcome::Granted(Box::new(grant(1)))).count(),
        1
    );
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == DeviceOutcome::Unknown).count(), 7);
}

fn a_device_that_polls_too_early_waits_longer_and_codes_end<S: Subject>(subject: &S) {
    let (_folder, ledger) = ledger(subject);
    for number in 1..=3 {
        assert!(begin(ledger.as_ref(), number));
    }
    assert_eq!(poll(ledger.as_ref(), 1, "tv", NOW), DeviceOutcome::Pending);
    assert_eq!(poll(ledger.as_ref(), 1, "tv", NOW + 4), DeviceOutcome::SlowDown);
    assert_eq!(
        poll(ledger.as_ref(), 1, "tv", NOW + 13),
        DeviceOutcome::SlowDown,
        "ten seconds after the last"
    );
    assert_eq!(
        poll(ledger.as_ref(), 1, "tv", NOW + 28),
        DeviceOutcome::Pending,
        "fifteen seconds after the last"
    );
    assert_eq!(ledger.answer_device("BCDFGHJ2", &DeviceAnswer::Denied, NOW + 1), Ok(true));
    assert_eq!(poll(ledger.as_ref(), 2, "tv", NOW + 2), DeviceOutcome::Denied);
    assert_eq!(poll(ledger.as_ref(), 2, "tv", NOW + 9), DeviceOutcome::Unknown);
    assert_eq!(poll(ledger.as_ref(), 3, "tv", NOW + 600), DeviceOutcome::Expired);
    assert_eq!(
        ledger.answer_device("BCDFGHJ3", &DeviceAnswer::Allowed(Box::new(grant(3))), NOW + 600),
        Ok(false)
    );
    let limits = SessionLimits { idle: 100, absolute: 1000 };
    assert_eq!(ledger.sweep(limits, NOW + 600, 10), Ok(2));
    ledger.begin_epoch(2).unwrap();
    assert_eq!(poll(ledger.as_ref(), 3, "tv", NOW), DeviceOutcome::Unknown);
}
