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

/// The most addresses of each counter.
const MAX_ADDRESSES: usize = 65_536;
/// If there are more addresses, each network may make this many times the attempts of an address.
const NETWORK_SHARE: NonZeroU32 = NonZeroU32::MIN.saturating_add(3);
/// The period in which addresses that have all attempts again are removed.
const SWEEP_PERIOD: Duration = Duration::from_secs(1);
/// The period in which refused requests are reported.
const REPORT_PERIOD: Duration = Duration::from_mins(1);

/// The requests that are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counted {
    /// Every request: pages of a login, and devices that begin to wait.
    Always(&'static str),
    /// Requests that fail because of the client. A service with the right secret may request any number of tokens.
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
/// An address that has to wait is never forgotten. If there are too many addresses, whole networks are counted instead.
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
    /// The addresses without an attempt left, and the time of their next attempt.
    blocked: HashMap<IpAddr, Instant>,
    most: usize,
    /// The time at which addresses with all attempts were last removed.
    swept: Option<Instant>,
}

impl AddressLimit {
    /// Makes a limit of this many attempts a minute, which may all come at once.
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

    /// Logs that an address has to wait, at most once a minute.
    fn report(&self, address: IpAddr, route: &str) {
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        if reported.is_none_or(|at| at.elapsed() >= REPORT_PERIOD) {
            *reported = Some(Instant::now());
            warn!(%address, route, "an address made too many attempts and has to wait");
        }
    }
}

impl AddressCounter {
    /// Makes a counter with this quota, for at most `most` addresses and as many networks.
    pub(crate) fn new(quota: Quota, most: usize) -> Self {
        let more = quota.burst_size().saturating_mul(NETWORK_SHARE);
        Self { addresses: Attempts::new(quota, most), networks: Attempts::new(Quota::per_minute(more), most) }
    }

    /// Returns the time that the address has to wait, if it has no attempt left.
    fn wait(&mut self, address: IpAddr) -> Option<Duration> {
        self.addresses.wait(address).or_else(|| self.networks.wait(network(address)))
    }

    /// Counts one attempt. Returns the time that the address has to wait if it had none left.
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

    /// Whether one more address can be counted. Removes addresses that have all attempts again, at most once a second.
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
    /// Returns the requests that are counted at a path, or `None` if none are. The path may begin with the issuer's own path.
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

/// Responds with 429 if the address of a request has no attempt left. Otherwise passes the request on.
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

/// Makes the response with status 429 (RFC 6585 §4).
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
