//! The rules of the cache, in virtual time.

use super::*;

const SETTINGS: KeyCacheSettings = KeyCacheSettings {
    cache_max_age: 600.0,
    cache_min_age: 30.0,
    max_stale: 3_600.0,
    cooldown_duration: 30.0,
    cooldown_after_any: false,
    timeout_duration: 5.0,
};
const SCHEDULED: Purpose = Purpose::Scheduled;
const UNKNOWN: Purpose = Purpose::UnknownKey;
const SIGNATURE: Purpose = Purpose::BadSignature;

/// An answer whose `Age` is this, and that arrived at once.
fn kept(seconds: f64) -> Age {
    Age { kept: seconds, fetching: 0.0 }
}

/// A cache that got its set at 0 with these headers.
fn cache(cache_control: &str) -> KeyCache {
    let mut cache = KeyCache::new(SETTINGS).unwrap();
    cache.started(0.0, SCHEDULED);
    cache.renewed(0.0, SCHEDULED, kept(0.0), Freshness::read(cache_control), None);
    cache
}

#[track_caller]
fn decides(cache: &KeyCache, rows: &[(f64, Decision)]) {
    for (now, decision) in rows {
        assert_eq!(cache.lookup(*now, Found::Nothing), *decision, "at {now}");
    }
}

#[test]
fn a_cold_cache_fetches_and_a_second_request_waits() {
    let mut cache = KeyCache::new(SETTINGS).unwrap();
    assert_eq!(cache.lookup(0.0, Found::Nothing), Decision::Fetch(SCHEDULED));
    cache.started(0.0, SCHEDULED);
    assert_eq!(cache.lookup(1.0, Found::Nothing), Decision::Wait(SCHEDULED));
}

#[test]
fn the_mark_of_a_fetch_whose_request_vanished_expires() {
    let mut cache = KeyCache::new(SETTINGS).unwrap();
    cache.started(0.0, SCHEDULED);
    assert_eq!(cache.lookup(5.9, Found::Nothing), Decision::Wait(SCHEDULED));
    assert_eq!(cache.lookup(6.0, Found::Nothing), Decision::Fetch(SCHEDULED));
}

#[test]
fn a_set_is_used_then_refreshed_then_fetched_for_then_dropped() {
    decides(
        &cache("max-age=100, stale-while-revalidate=50"),
        &[
            (0.0, Decision::Use),
            (74.9, Decision::Use),
            (75.0, Decision::UseAndRefresh),
            (100.0, Decision::UseAndRefresh),
            (149.9, Decision::UseAndRefresh),
            (150.0, Decision::Fetch(SCHEDULED)),
            (3_699.9, Decision::Fetch(SCHEDULED)),
            (3_700.0, Decision::Fetch(SCHEDULED)),
        ],
    );
    assert!(cache("max-age=100").is_trusted(3_699.9));
    assert!(!cache("max-age=100").is_trusted(3_700.0));
    assert!(cache("max-age=100").is_fresh(99.9) && !cache("max-age=100").is_fresh(100.0));
}

#[test]
fn what_the_answer_says_counts_within_the_callers_bounds() {
    for (said, fresh) in [
        ("max-age=100", 100.0),
        ("max-age=5", 30.0),
        ("max-age=99999999999999999999", 600.0),
        ("no-store", 30.0),
        ("max-age=100, no-cache", 30.0),
        ("", 600.0),
        ("max-age=abc", 600.0),
        ("max-age=-5", 600.0),
        ("Max-Age=\"100\" , public", 100.0),
        ("max-age=100, max-age=200", 100.0),
    ] {
        let cache = cache(said);
        assert!(cache.is_fresh(fresh - 0.1) && !cache.is_fresh(fresh), "`{said}`");
    }
    assert!(!cache("max-age=100, stale-if-error=10").is_trusted(110.0));
    assert!(cache("max-age=100, stale-if-error=9999").is_trusted(3_699.0));
    assert!(!cache("max-age=100, stale-if-error=9999").is_trusted(3_700.0));
}

#[test]
fn the_age_counts_from_the_origins_answer() {
    let mut cache = KeyCache::new(SETTINGS).unwrap();
    let said = Freshness::read("max-age=100");
    assert_eq!(cache.renewed(0.0, SCHEDULED, kept(60.0), said, None), Renewal::Taken);
    assert!(cache.is_fresh(39.9) && !cache.is_fresh(40.0));
    assert_eq!(cache.renewed(50.0, SCHEDULED, kept(500.0), said, None), Renewal::Older);
    assert_eq!(cache.sent(), Some(-60.0), "an older answer does not turn the clock back");
    assert_eq!(cache.confirmed(50.0, SCHEDULED, kept(0.0), Some(said)), Renewal::Taken);
    assert!(cache.is_fresh(149.9) && !cache.is_fresh(150.0));
    assert_eq!(
        cache.confirmed(60.0, SCHEDULED, kept(0.0), None),
        Renewal::Taken,
        "what was said before goes on"
    );
    assert!(cache.is_fresh(159.9) && !cache.is_fresh(160.0));
}

#[test]
fn an_answer_that_a_cache_kept_beyond_trust_is_a_failure() {
    let mut cache = KeyCache::new(SETTINGS).unwrap();
    cache.started(0.0, SCHEDULED);
    let old = cache.renewed(0.0, SCHEDULED, kept(3_701.0), Freshness::read("max-age=100"), None);
    assert_eq!((old, cache.is_trusted(0.0)), (Renewal::Stale, false));
    assert_eq!(cache.lookup(0.5, Found::Nothing), Decision::Unavailable { retry_after: 0.5 });
    let mut empty = KeyCache::new(SETTINGS).unwrap();
    assert_eq!(
        empty.confirmed(0.0, SCHEDULED, kept(0.0), None),
        Renewal::Stale,
        "there is nothing to confirm"
    );
}

#[test]
fn what_the_issuer_lets_caches_keep_for_long_is_no_reason_to_refuse_or_to_ask_without_end() {
    for said in ["max-age=86400", "max-age=60, s-maxage=86400"] {
        let mut cache = KeyCache::new(SETTINGS).unwrap();
        let read = Freshness::read(said);
        assert_eq!(cache.renewed(0.0, SCHEDULED, kept(50_000.0), read, None), Renewal::Taken, "`{said}`");
        assert_eq!(cache.lookup(29.9, Found::Nothing), Decision::Use, "`{said}`");
        assert!(cache.is_trusted(4_199.9) && !cache.is_trusted(4_200.0), "`{said}`");
    }
}

#[test]
fn a_set_from_elsewhere_is_taken_while_it_is_trusted_and_newer_and_goes_on_ageing() {
    let said = Freshness::read("max-age=100");
    let mut cache = KeyCache::new(SETTINGS).unwrap();
    assert!(!cache.hydrated(5_000.0, 1_000.0, 1_000.0, said, None));
    assert!(!cache.hydrated(0.0, f64::NAN, f64::NEG_INFINITY, said, None));
    assert!(cache.hydrated(1_050.0, 1_000.0, 1_020.0, said, None));
    assert_eq!(
        (cache.sent(), cache.arrived(), cache.trusted_to()),
        (Some(1_000.0), Some(1_020.0), Some(4_700.0))
    );
    assert!(cache.is_fresh(1_099.9) && !cache.is_fresh(1_100.0));
    assert!(!cache.hydrated(1_060.0, 999.0, 999.0, said, None), "older");
    assert!(cache.hydrated(1_060.0, 2_000.0, 2_000.0, said, None), "another machine's clock");
    assert_eq!(cache.sent(), Some(1_060.0));
}

#[test]
fn an_issuer_that_is_known_to_fail_is_asked_behind_the_requests() {
    let mut cache = cache("max-age=100");
    assert_eq!(cache.lookup(200.0, Found::Nothing), Decision::Fetch(SCHEDULED));
    cache.failed(200.0, SCHEDULED, None);
    assert_eq!(cache.lookup(201.0, Found::Nothing), Decision::UseAndRefresh);
    assert_eq!(cache.lookup(3_700.0, Found::Nothing), Decision::Fetch(SCHEDULED), "there is no set any more");
}

#[test]
fn jose_s_cool_down_follows_every_answer() {
    let mut cache = KeyCache::new(KeyCacheSettings { cooldown_after_any: true, ..SETTINGS }).unwrap();
    cache.renewed(0.0, SCHEDULED, kept(0.0), Freshness::default(), None);
    assert!(cache.is_cooling_down(29.9) && !cache.is_cooling_down(30.0));
    assert_eq!(cache.lookup(29.9, Found::NoKey), Decision::Refuse);
    assert_eq!(cache.lookup(30.0, Found::NoKey), Decision::Fetch(UNKNOWN));
}

#[test]
fn a_failing_issuer_stalls_nobody_who_has_a_set() {
    let mut cache = cache("max-age=100");
    cache.started(200.0, SCHEDULED);
    cache.failed(205.0, SCHEDULED, None);
    decides(&cache, &[(205.5, Decision::Use), (206.0, Decision::UseAndRefresh)]);
    cache.failed(206.0, SCHEDULED, None);
    decides(&cache, &[(207.9, Decision::Use), (208.0, Decision::UseAndRefresh)]);
    for _ in 0..50 {
        cache.failed(300.0, SCHEDULED, None);
    }
    decides(&cache, &[(329.9, Decision::Use), (330.0, Decision::UseAndRefresh)]);
}

#[test]
fn without_a_set_a_failing_issuer_is_asked_with_growing_pauses() {
    let mut cache = KeyCache::new(SETTINGS).unwrap();
    cache.failed(0.0, SCHEDULED, None);
    decides(
        &cache,
        &[(0.25, Decision::Unavailable { retry_after: 0.75 }), (1.0, Decision::Fetch(SCHEDULED))],
    );
    cache.renewed(1.0, SCHEDULED, kept(0.0), Freshness::default(), None);
    cache.failed(2.0, SCHEDULED, None);
    assert!(cache.is_trusted(2.0));
}

#[test]
fn an_unknown_key_costs_one_fetch_a_cool_down_however_many_ask() {
    let mut cache = cache("max-age=600");
    let mut fetches = 0;
    for request in 0..100_000 {
        let now = 10.0 + f64::from(request) / 1_000.0;
        match cache.lookup(now, Found::NoKey) {
            Decision::Fetch(UNKNOWN) => {
                cache.started(now, UNKNOWN);
                cache.renewed(now, UNKNOWN, kept(0.0), Freshness::read("max-age=600"), None);
                fetches += 1;
            }
            decision => assert_eq!(decision, Decision::Refuse),
        }
    }
    assert_eq!(fetches, 4, "100 seconds hold four cool-downs of 30");
}

#[test]
fn the_cool_down_never_delays_a_scheduled_refresh() {
    let mut cache = cache("max-age=100");
    cache.started(74.0, UNKNOWN);
    cache.failed(74.0, UNKNOWN, None);
    assert_eq!(cache.lookup(76.0, Found::Nothing), Decision::UseAndRefresh);
    assert!(cache.is_cooling_down(76.0));
}

#[test]
fn a_set_that_has_aged_calls_no_key_unknown_however_long_the_cool_down_is() {
    let settings = KeyCacheSettings { cooldown_duration: 10_000.0, ..SETTINGS };
    let mut cache = KeyCache { settings, ..cache("max-age=100") };
    cache.started(10.0, UNKNOWN);
    cache.renewed(10.0, UNKNOWN, kept(0.0), Freshness::read("max-age=100"), None);
    assert_eq!(cache.lookup(109.9, Found::NoKey), Decision::Refuse);
    // Requests that lack no key may use the set a little longer. A request with an unknown key may not.
    assert_eq!(cache.lookup(110.0, Found::Nothing), Decision::UseAndRefresh);
    assert_eq!(cache.lookup(110.0, Found::NoKey), Decision::Fetch(SCHEDULED));
    cache.started(110.0, SCHEDULED);
    assert_eq!(cache.lookup(111.0, Found::NoKey), Decision::Wait(SCHEDULED));
    cache.failed(112.0, SCHEDULED, None);
    assert_eq!(cache.lookup(112.5, Found::NoKey), Decision::Unavailable { retry_after: 0.5 });
    cache.started(113.0, SCHEDULED);
    // A response that a cache stored for too long still counts as a response, so no further request follows at once.
    cache.renewed(114.0, SCHEDULED, kept(150.0), Freshness::read("max-age=100"), None);
    assert_eq!(cache.lookup(115.0, Found::NoKey), Decision::Refuse);
    assert_eq!(cache.lookup(144.0, Found::NoKey), Decision::Fetch(SCHEDULED));
}

#[test]
fn an_unknown_key_whose_fetch_failed_is_not_called_unknown() {
    let mut cache = cache("max-age=600");
    cache.started(10.0, UNKNOWN);
    assert_eq!(cache.lookup(11.0, Found::NoKey), Decision::Wait(UNKNOWN));
    cache.failed(12.0, UNKNOWN, None);
    assert_eq!(cache.lookup(30.0, Found::NoKey), Decision::Unavailable { retry_after: 10.0 });
    assert_eq!(cache.lookup(40.0, Found::NoKey), Decision::Fetch(UNKNOWN));
}

#[test]
fn a_fetch_for_a_key_whose_request_vanished_is_made_again() {
    let mut cache = cache("max-age=600");
    cache.started(10.0, UNKNOWN);
    assert_eq!(cache.lookup(15.9, Found::NoKey), Decision::Wait(UNKNOWN));
    cache.started(15.9, SCHEDULED);
    assert_eq!(cache.lookup(15.9, Found::NoKey), Decision::Wait(UNKNOWN), "the two differ");
    assert_eq!(cache.lookup(16.0, Found::NoKey), Decision::Fetch(UNKNOWN));
}

#[test]
fn a_clock_that_runs_backwards_ends_pauses_and_keeps_the_set() {
    let mut cache = cache("max-age=100");
    cache.started(50.0, UNKNOWN);
    cache.failed(50.0, UNKNOWN, None);
    assert_eq!(cache.lookup(-1_000.0, Found::NoKey), Decision::Fetch(UNKNOWN));
    assert_eq!(cache.lookup(-1_000.0, Found::Nothing), Decision::UseAndRefresh);
    let renewed = cache.renewed(-1_000.0, SCHEDULED, kept(0.0), Freshness::read("max-age=100"), None);
    assert_eq!((renewed, cache.sent()), (Renewal::Taken, Some(-1_000.0)));
}

#[test]
fn settings_that_make_no_sense_are_named() {
    let name = |change: fn(&mut KeyCacheSettings)| {
        let mut settings = SETTINGS;
        change(&mut settings);
        match KeyCache::new(settings) {
            Err(Refusal::Option { name, .. }) => name,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(name(|settings| settings.max_stale = f64::NAN), "maxStale");
    assert_eq!(name(|settings| settings.cooldown_duration = -1.0), "cooldownDuration");
    assert_eq!(name(|settings| settings.timeout_duration = 0.0), "timeoutDuration");
    assert_eq!(name(|settings| settings.cache_min_age = 601.0), "cacheMinAge");
    assert_eq!(name(|settings| settings.cache_max_age = f64::INFINITY), "cacheMaxAge");
}

/// Passes a response to an empty cache at time 0.
fn first(settings: KeyCacheSettings, age: f64, cache_control: &str) -> (KeyCache, bool, Renewal) {
    let mut cache = KeyCache::new(settings).unwrap();
    let said = Freshness::read(cache_control);
    cache.started(0.0, SCHEDULED);
    let asks = cache.asks_past_caches(0.0, kept(age), Some(said));
    let renewal = cache.renewed(0.0, SCHEDULED, kept(age), said, None);
    (cache, asks, renewal)
}

#[test]
fn v5_the_first_answer_is_used_until_what_it_says_of_stale_use_and_never_longer() {
    let patient = KeyCacheSettings { max_stale: 100_000.0, ..SETTINGS };
    for (settings, age, said, until) in [
        (patient, 7_200.0, "max-age=60, stale-while-revalidate=86400", Some(86_460.0 - 7_200.0)),
        (SETTINGS, 3_000.0, "max-age=60, stale-while-revalidate=86400", Some(660.0)),
        (SETTINGS, 7_200.0, "max-age=60, stale-while-revalidate=86400", None),
        (SETTINGS, 3_000.0, "max-age=60, stale-while-revalidate=120", None),
        (SETTINGS, 100.0, "max-age=60, stale-while-revalidate=120", Some(80.0)),
        (SETTINGS, 61.0, "max-age=60", None),
        (SETTINGS, 61.0, "max-age=60, stale-if-error=86400", None),
        // Without `Cache-Control` the caller's `cacheMaxAge` is the `max-age`, and `Age` counts.
        (SETTINGS, 601.0, "", None),
        (SETTINGS, 7_200.0, "", None),
        (KeyCacheSettings { cache_max_age: 86_400.0, ..SETTINGS }, 7_200.0, "", Some(82_800.0)),
    ] {
        let (cache, asks, renewal) = first(settings, age, said);
        let outcome = (asks, renewal, cache.is_trusted(0.0));
        let Some(until) = until else {
            assert_eq!(outcome, (true, Renewal::Stale, false), "{age} `{said}`");
            continue;
        };
        let aged = settings.cache_max_age <= 600.0;
        assert_eq!(outcome, (aged, Renewal::Taken, true), "{age} `{said}`");
        // A set that was fresh when it arrived stays in use while the issuer fails.
        let until = if aged { until } else { 79_200.0 + settings.max_stale };
        assert!(cache.is_trusted(until - 0.1) && !cache.is_trusted(until), "{age} `{said}`");
    }
}

#[test]
fn a_fresh_answer_serves_the_request_that_fetched_it_whatever_the_settings_are() {
    let never = KeyCacheSettings { cache_max_age: 0.0, cache_min_age: 0.0, max_stale: 0.0, ..SETTINGS };
    for cache_control in ["", "no-store", "max-age=0", "max-age=60"] {
        let mut cache = KeyCache::new(never).unwrap();
        cache.started(0.0, SCHEDULED);
        // The response took two seconds.
        let age = Age { kept: 0.0, fetching: 2.0 };
        let renewal = cache.renewed(2.0, SCHEDULED, age, Freshness::read(cache_control), None);
        assert_eq!(renewal, Renewal::Taken, "{cache_control}");
        assert!(cache.trusted(2.9).is_some() && cache.trusted(3.0).is_none(), "{cache_control}");
        decides(&cache, &[(3.0, Decision::Fetch(SCHEDULED))]);
        let stored = Age { kept: 90.0, fetching: 0.0 };
        let renewal = cache.renewed(9.0, SCHEDULED, stored, Freshness::read(cache_control), None);
        assert_eq!(renewal, Renewal::Stale, "{cache_control}");
    }
}

#[test]
fn v5_past_caches_is_asked_only_for_an_aged_answer_and_with_nothing_in_hand() {
    let said = Freshness::read("max-age=60");
    let mut cache = KeyCache::new(SETTINGS).unwrap();
    assert!(cache.asks_past_caches(0.0, kept(61.0), Some(said)));
    assert!(!cache.asks_past_caches(0.0, kept(60.0), Some(said)), "`Age` may be rounded up");
    let slow = Age { kept: 59.0, fetching: 4.0 };
    assert!(!cache.asks_past_caches(0.0, slow, Some(said)), "no cache kept it too long");
    cache.renewed(0.0, SCHEDULED, kept(0.0), said, None);
    assert!(!cache.asks_past_caches(1.0, kept(61.0), Some(said)), "there is a set to go on with");
    assert!(cache.asks_past_caches(3_660.0, kept(61.0), None), "a 304 counts as the set that it confirms");
    assert!(!cache.asks_past_caches(3_660.0, kept(61.0), Some(Freshness::read("max-age=100"))));
}

#[test]
fn v5_an_aged_answer_replaces_an_older_set_and_lengthens_no_trust() {
    let mut cache = cache("max-age=100");
    let renewal = cache.renewed(3_000.0, SCHEDULED, kept(500.0), Freshness::read("max-age=100"), None);
    assert_eq!((renewal, cache.sent(), cache.trusted_to()), (Renewal::Taken, Some(2_500.0), Some(3_700.0)));
}

#[test]
fn v5_a_set_that_had_aged_when_it_arrived_stays_so_elsewhere() {
    let said = Freshness::read("max-age=100, stale-while-revalidate=50");
    let mut cache = KeyCache::new(SETTINGS).unwrap();
    assert!(!cache.hydrated(160.0, 0.0, 130.0, said, None), "it ended at 150");
    assert!(cache.hydrated(140.0, 0.0, 130.0, said, None));
    assert_eq!(cache.trusted_to(), Some(150.0));
    let mut cache = KeyCache::new(SETTINGS).unwrap();
    assert!(cache.hydrated(160.0, 0.0, 104.0, said, None), "the fetch may have taken four seconds");
    assert_eq!(cache.trusted_to(), Some(3_700.0));
}

#[test]
fn v6_a_bad_signature_fetches_once_a_cool_down_of_its_own_and_only_for_a_set_of_some_age() {
    let mut cache = cache("max-age=600");
    let bad = |cache: &KeyCache, now| cache.lookup(now, Found::BadSignature);
    assert_eq!(bad(&cache, 29.9), Decision::Refuse);
    assert_eq!(bad(&cache, 30.0), Decision::Fetch(SIGNATURE));
    cache.started(30.0, SIGNATURE);
    assert_eq!(bad(&cache, 31.0), Decision::Wait(SIGNATURE));
    assert_eq!(cache.lookup(31.0, Found::Nothing), Decision::Use);
    cache.failed(32.0, SIGNATURE, None);
    assert_eq!(bad(&cache, 59.9), Decision::Refuse, "a failed fetch changes no verdict");
    assert_eq!(cache.lookup(32.0, Found::NoKey), Decision::Fetch(UNKNOWN), "its cool-down is another");
    assert!(!cache.is_cooling_down(32.0));
    cache.started(50.0, UNKNOWN);
    cache.failed(50.0, UNKNOWN, None);
    assert_eq!(bad(&cache, 60.0), Decision::Fetch(SIGNATURE), "and so the other way round");
    cache.started(60.0, SIGNATURE);
    assert_eq!(bad(&cache, 66.0), Decision::Refuse, "a fetch whose request vanished earns no other one");
    cache.started(90.0, SIGNATURE);
    cache.renewed(90.0, SIGNATURE, kept(0.0), Freshness::read("max-age=600"), None);
    assert_eq!(cache.sent(), Some(90.0));
    assert_eq!(bad(&cache, 119.9), Decision::Refuse);
    assert_eq!(bad(&cache, 120.0), Decision::Fetch(SIGNATURE));
    assert_eq!(bad(&cache, 9_000.0), Decision::Fetch(SCHEDULED), "there is no set any more");
}

#[test]
fn v6_ten_thousand_bad_signatures_a_second_cost_one_fetch_a_cool_down_failing_or_not() {
    for (fails, cooldown, expected) in [(false, 30.0, 3), (true, 30.0, 3), (true, 0.0, 60)] {
        let settings = KeyCacheSettings { cooldown_duration: cooldown, ..SETTINGS };
        let mut cache = KeyCache { settings, ..cache("max-age=600") };
        let mut fetches = 0;
        for request in 0..900_000 {
            let now = f64::from(request) / 10_000.0 + 30.0;
            match cache.lookup(now, Found::BadSignature) {
                Decision::Fetch(SIGNATURE) if now < 90.0 || !fails || cooldown > 0.0 => {
                    cache.started(now, SIGNATURE);
                    if fails {
                        cache.failed(now, SIGNATURE, None);
                    } else {
                        cache.renewed(now, SIGNATURE, kept(0.0), Freshness::read("max-age=600"), None);
                    }
                    fetches += 1;
                }
                Decision::Fetch(SIGNATURE) => break,
                decision => assert_eq!(decision, Decision::Refuse),
            }
        }
        assert_eq!(fetches, expected, "failing: {fails}, cool-down: {cooldown}");
    }
}

#[test]
fn v17_an_issuer_that_asks_to_be_left_alone_is_within_a_bound() {
    let mut cache = KeyCache::new(SETTINGS).unwrap();
    cache.started(0.0, SCHEDULED);
    cache.failed(0.0, SCHEDULED, Some(7.0));
    decides(
        &cache,
        &[
            (1.0, Decision::Unavailable { retry_after: 6.0 }),
            (6.5, Decision::Unavailable { retry_after: 0.5 }),
            (7.0, Decision::Fetch(SCHEDULED)),
        ],
    );
    cache.failed(7.0, SCHEDULED, Some(1e9));
    decides(
        &cache,
        &[(306.5, Decision::Unavailable { retry_after: 0.5 }), (307.0, Decision::Fetch(SCHEDULED))],
    );
    for nothing in [Some(0.0), Some(-5.0), Some(f64::NAN), None] {
        let mut cache = KeyCache::new(SETTINGS).unwrap();
        cache.failed(0.0, SCHEDULED, nothing);
        decides(
            &cache,
            &[(0.5, Decision::Unavailable { retry_after: 0.5 }), (1.0, Decision::Fetch(SCHEDULED))],
        );
    }
}

#[test]
fn v17_the_pause_holds_for_every_fetch_costs_no_set_and_ends_with_an_answer() {
    let mut cache = cache("max-age=100");
    cache.started(80.0, UNKNOWN);
    cache.failed(80.0, UNKNOWN, Some(60.0));
    decides(&cache, &[(81.0, Decision::Use), (139.0, Decision::Use), (140.0, Decision::Fetch(SCHEDULED))]);
    assert_eq!(cache.lookup(81.0, Found::BadSignature), Decision::Refuse);
    assert_eq!(cache.lookup(100.0, Found::NoKey), Decision::Unavailable { retry_after: 40.0 });
    assert_eq!(cache.lookup(120.0, Found::NoKey), Decision::Unavailable { retry_after: 20.0 });
    assert_eq!(cache.lookup(140.0, Found::NoKey), Decision::Fetch(UNKNOWN));
    cache.renewed(100.0, SCHEDULED, kept(0.0), Freshness::read("max-age=100"), None);
    assert_eq!(cache.lookup(110.0, Found::NoKey), Decision::Fetch(UNKNOWN));
}
