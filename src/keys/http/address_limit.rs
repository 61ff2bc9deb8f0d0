//! Limits how often one address may try to log in, or fail at `/token`.
//!
//! The key set and the metadata are never limited: verifiers depend on them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::clock::Clock as _;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tracing::warn;

use super::address::{ClientAddress, network, owner};
use super::connection::RouteName;
use super::grant_refusal::NotAFailure;
use super::metadata::{AUTHORIZE_PATH, DEVICE_AUTHORIZATION_PATH, DEVICE_PATH, REVOKE_PATH, TOKEN_PATH};

/// How many addresses are remembered by each counter. Each takes about a hundred bytes.
const MAX_ADDRESSES: usize = 65_536;
/// While there are more addresses than that, a network may make so many times the attempts of an address.
const NETWORK_SHARE: NonZeroU32 = NonZeroU32::MIN.saturating_add(3);
/// How often addresses are looked through for those that have all attempts again.
const SWEEP_PERIOD: Duration = Duration::from_secs(1);
/// How often it is reported that requests were refused.
const REPORT_PERIOD: Duration = Duration::from_mins(1);

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counted {
    /// Every request: pages of a login, and devices that begin to wait.
    Always(&'static str),
    /// Requests that fail by the client's fault: a service with the right secret may ask for any number of tokens.
    Failures(&'static str),
}

/// The attempts of each address.
#[derive(Debug)]
pub(super) struct AddressLimit {
    pages: Mutex<AddressCounter>,
    failures: Mutex<AddressCounter>,
    reported: Mutex<Option<Instant>>,
}

/// Attempts by address. An IPv6 network of 64 bits counts as one address.
///
/// No address that has to wait is forgotten, however many others come: while there are too many, whole networks are counted.
#[derive(Debug)]
pub(crate) struct AddressCounter {
    addresses: Attempts,
    networks: Attempts,
}

/// A bounded number of counters.
#[derive(Debug)]
struct Attempts {
    quota: Quota,
    limiter: DefaultKeyedRateLimiter<IpAddr>,
    /// Who has no attempt left, and when there is one again.
    blocked: HashMap<IpAddr, Instant>,
    most: usize,
    /// When those were last removed that have all attempts again.
    swept: Option<Instant>,
}

impl AddressLimit {
    /// So many attempts a minute, which may all come at once.
    pub(super) fn new(per_minute: NonZeroU32) -> Self {
        let counter = || Mutex::new(AddressCounter::new(Quota::per_minute(per_minute), MAX_ADDRESSES));
        Self { pages: counter(), failures: counter(), reported: Mutex::default() }
    }

    fn counter(&self, counted: Counted) -> MutexGuard<'_, AddressCounter> {
        let counter = match counted {
            Counted::Always(_) => &self.pages,
            Counted::Failures(_) => &self.failures,
        };
        counter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Logs that an address has to wait, once a minute at most.
    fn report(&self, address: IpAddr, route: &str) {
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        if reported.is_none_or(|at| at.elapsed() >= REPORT_PERIOD) {
            *reported = Some(Instant::now());
            warn!(%address, route, "an address made too many attempts and has to wait");
        }
    }
}

impl AddressCounter {
    /// A counter with that quota, which remembers `most` addresses and as many networks.
    pub(crate) fn new(quota: Quota, most: usize) -> Self {
        let more = quota.burst_size().saturating_mul(NETWORK_SHARE);
        Self { addresses: Attempts::new(quota, most), networks: Attempts::new(Quota::per_minute(more), most) }
    }

    /// How long the address has to wait, if it has no attempt left.
    fn wait(&mut self, address: IpAddr) -> Option<Duration> {
        self.addresses.wait(address).or_else(|| self.networks.wait(network(address)))
    }

    /// Counts one attempt; how long the address has to wait if it had none left.
    pub(crate) fn count(&mut self, address: IpAddr) -> Option<Duration> {
        if let Some(left) = self.wait(address) {
            return Some(left);
        }
        if self.addresses.has_room() {
            return self.addresses.count(address);
        }
        if !self.networks.has_room() {
            self.networks.forget();
            warn!("too many networks made attempts; all networks are forgotten");
        }
        self.networks.count(network(address))
    }
}

impl Attempts {
    fn new(quota: Quota, most: usize) -> Self {
        Self { quota, limiter: RateLimiter::hashmap(quota), blocked: HashMap::new(), most, swept: None }
    }

    fn wait(&mut self, key: IpAddr) -> Option<Duration> {
        let left = self.blocked.get(&key)?.checked_duration_since(Instant::now());
        let left = left.filter(|left| !left.is_zero());
        if left.is_none() {
            self.blocked.remove(&key);
        }
        left
    }

    fn count(&mut self, key: IpAddr) -> Option<Duration> {
        let waits = self.limiter.check_key(&key).err()?;
        let time = waits.wait_time_from(self.limiter.clock().now());
        self.blocked.insert(key, Instant::now() + time);
        Some(time)
    }

    /// Whether there is room for one more. Removes those that have all attempts again, but looks through all of them
    /// once a second at most.
    fn has_room(&mut self) -> bool {
        if self.limiter.len() < self.most {
            return true;
        }
        if self.swept.is_some_and(|at| at.elapsed() < SWEEP_PERIOD) {
            return false;
        }
        let now = Instant::now();
        self.swept = Some(now);
        self.limiter.retain_recent();
        self.blocked.retain(|_, until| *until > now);
        self.limiter.len() < self.most
    }

    fn forget(&mut self) {
        *self = Self::new(self.quota, self.most);
    }
}

impl Counted {
    /// What is counted at a path; `None` if nothing is. An issuer's own path may come before it.
    fn at(path: &str) -> Option<Self> {
        let all = [
            (DEVICE_AUTHORIZATION_PATH, Self::Always("device_authorization")),
            (DEVICE_PATH, Self::Failures("device")),
            (AUTHORIZE_PATH, Self::Always("authorize")),
            (TOKEN_PATH, Self::Failures("token")),
            (REVOKE_PATH, Self::Failures("revoke")),
        ];
        all.into_iter().find(|(end, _)| path.ends_with(end)).map(|(_, counted)| counted)
    }

    const fn route(self) -> &'static str {
        match self {
            Self::Always(route) | Self::Failures(route) => route,
        }
    }
}

/// Answers 429 if the address of a request has no attempt left, or hands the request on.
pub(super) async fn limit_address(
    State(limit): State<Arc<AddressLimit>>,
    address: Option<Extension<ClientAddress>>,
    request: Request,
    next: Next,
) -> Response {
    let counted = Counted::at(request.uri().path()).filter(|_| request.method() != Method::OPTIONS);
    let (Some(counted), Some(Extension(ClientAddress(address)))) = (counted, address) else {
        return next.run(request).await;
    };
    let counts_as = owner(address);
    let wait = {
        let mut counter = limit.counter(counted);
        match counted {
            Counted::Always(_) => counter.count(counts_as),
            Counted::Failures(_) => counter.wait(counts_as),
        }
    };
    if let Some(wait) = wait {
        limit.report(address, counted.route());
        return too_many(counted, wait);
    }
    let answer = next.run(request).await;
    let failed = answer.status().is_client_error() && answer.extensions().get::<NotAFailure>().is_none();
    if matches!(counted, Counted::Failures(_)) && failed {
        limit.counter(counted).count(counts_as);
    }
    answer
}

/// RFC 6585 §4.
fn too_many(counted: Counted, wait: Duration) -> Response {
    let seconds = wait.as_secs().saturating_add(1);
    let (media_type, body) = match counted {
        Counted::Always("authorize") | Counted::Failures("device") => (
            "text/plain; charset=utf-8",
            format!("Too many attempts from this address. Try again in {seconds} seconds.\n"),
        ),
        _ => (
            "application/json",
            format!(
                "{{\"error\":\"temporarily_unavailable\",\"error_description\":\"too many failed requests from this address; try \
                 again in {seconds} s\"}}"
            ),
        ),
    };
    let fields =
        [(CONTENT_TYPE, HeaderValue::from_static(media_type)), (RETRY_AFTER, HeaderValue::from(seconds))];
    let route = Extension(RouteName(counted.route()));
    (StatusCode::TOO_MANY_REQUESTS, route, fields, body).into_response()
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn counter(per_minute: u32, most: usize) -> AddressCounter {
        AddressCounter::new(Quota::per_minute(NonZeroU32::new(per_minute).unwrap()), most)
    }

    fn address(number: u32) -> IpAddr {
        Ipv4Addr::from_bits(number).into()
    }

    #[test]
    fn an_address_without_an_attempt_left_waits_and_others_do_not() {
        let mut counter = counter(6, 100);
        for _ in 0..6 {
            assert_eq!(counter.wait(address(1)), None);
            assert_eq!(counter.count(address(1)), None);
        }
        let wait = counter.count(address(1)).unwrap();
        assert!(wait > Duration::from_secs(8) && wait <= Duration::from_secs(10), "{wait:?}");
        assert!(counter.wait(address(1)).is_some_and(|left| left <= wait));
        assert_eq!((counter.wait(address(2)), counter.count(address(2))), (None, None));
    }

    #[test]
    fn memory_is_bounded_whatever_number_of_addresses_comes() {
        let mut counter = counter(1, 1000);
        for number in 0..20_000 {
            counter.count(address(number << 8));
            counter.count(address(number << 8));
            for attempts in [&counter.addresses, &counter.networks] {
                assert!(attempts.limiter.len() <= 1000 && attempts.blocked.len() <= 1000);
            }
        }
    }

    #[test]
    fn who_has_to_wait_goes_on_waiting_whatever_number_of_other_addresses_comes() {
        let mut counter = counter(2, 1000);
        while counter.count(address(7)).is_none() {}
        for number in 0..100_000 {
            counter.count(address((10 << 24) + number));
        }
        assert!(counter.wait(address(7)).is_some() && counter.count(address(7)).is_some());
        assert_eq!(counter.count("192.0.2.1".parse().unwrap()), None, "an address of another network");
        let flood = counter.count("10.0.200.200".parse().unwrap());
        assert!(flood.is_some(), "a new address of a network that made too many attempts");
    }

    #[test]
    fn the_key_set_and_the_metadata_are_never_counted() {
        for path in [
            "/.well-known/jwks.json",
            "/tenant/.well-known/jwks.json",
            "/.well-known/openid-configuration",
            "/.well-known/oauth-authorization-server/tenant",
            "/",
            "/logout",
        ] {
            assert_eq!(Counted::at(path), None, "{path}");
        }
        assert_eq!(Counted::at("/tenant/authorize"), Some(Counted::Always("authorize")));
        assert_eq!(Counted::at("/token"), Some(Counted::Failures("token")));
        assert_eq!(Counted::at("/device"), Some(Counted::Failures("device")));
        let begun = Some(Counted::Always("device_authorization"));
        assert_eq!(Counted::at("/tenant/device_authorization"), begun);
    }
}
