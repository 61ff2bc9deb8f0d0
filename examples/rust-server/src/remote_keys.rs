//! The key set of an issuer, fetched over HTTP. `KeyCache` decides when it is fetched, this file fetches.

use std::error::Error;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::body::{Body, to_bytes};
use axum::http::header::{AGE, CACHE_CONTROL, ETAG, IF_NONE_MATCH, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, Request, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use jotgate_core::{
    Age, Decision, Found, Freshness, KeyCache, KeyCacheSettings, KeySet, Keys, MAXIMUM_SET_BYTES, Needs,
    Policy, Purpose, Refusal, Renewal, Verdict, bearer::Denial, verify,
};
use tokio::sync::Mutex;

/// The keys of one issuer, shared by all requests.
#[derive(Debug)]
pub(crate) struct RemoteKeys {
    url: Uri,
    client: Client<HttpsConnector<HttpConnector>, Body>,
    held: RwLock<Held>,
    /// Locked by the one request that fetches.
    fetching: Mutex<()>,
}

#[derive(Debug)]
struct Held {
    cache: KeyCache,
    set: Arc<KeySet>,
}

/// Why there is no verdict.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The token was refused.
    Refused(Denial),
    /// There are no keys at the moment. A request can cause a fetch again after so many seconds.
    Unavailable { retry_after: f64 },
}

/// A set that was fetched, or `None` if the issuer confirmed the present one.
struct Answer {
    set: Option<KeySet>,
    headers: HeaderMap,
}

/// After how long a fetch is given up.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The most fetches for one request: for the set, for its key, for a signature; and a last look.
const LOOKS: usize = 4;

impl RemoteKeys {
    /// The key set at `url`. It is fetched with the first request.
    pub(crate) fn new(url: Uri) -> Result<Arc<Self>, Box<dyn Error>> {
        let https = HttpsConnectorBuilder::new().with_native_roots()?.https_or_http().enable_http1().build();
        let settings =
            KeyCacheSettings { timeout_duration: TIMEOUT.as_secs_f64(), ..KeyCacheSettings::default() };
        let held =
            Held { cache: KeyCache::new(settings)?, set: Arc::new(KeySet::from_jwks(r#"{"keys":[]}"#)?) };
        Ok(Arc::new(Self {
            url,
            client: Client::builder(TokioExecutor::new()).build(https),
            held: RwLock::new(held),
            fetching: Mutex::new(()),
        }))
    }

    /// Verifies a token, and fetches the set if it is due, or if it lacks the token's key.
    pub(crate) async fn verify(
        self: &Arc<Self>,
        token: &[u8],
        policy: &Policy,
        needs: &Needs,
    ) -> Result<Verdict, Failure> {
        let mut found = Found::Nothing;
        let mut refused = Denial::Refused(Refusal::NoMatchingKey);
        for _ in 0..LOOKS {
            match self.decide(found) {
                Decision::Use => {}
                Decision::UseAndRefresh => drop(tokio::spawn(Arc::clone(self).fetch(found))),
                Decision::Fetch(_) | Decision::Wait(_) => {
                    // In a task of its own: a client that goes away does not end the fetch that others wait for.
                    let _ = tokio::spawn(Arc::clone(self).fetch(found)).await;
                    if found == Found::Nothing {
                        continue;
                    }
                }
                Decision::Refuse => break,
                Decision::Unavailable { retry_after } => return Err(Failure::Unavailable { retry_after }),
            }
            let set = self.set();
            refused = match verify(token, Keys::Set(&set), policy, needs, now()) {
                Ok(verdict) => return Ok(verdict),
                Err(refused) => Denial::from(refused),
            };
            found = match &refused {
                Denial::Refused(Refusal::NoMatchingKey) => Found::NoKey,
                Denial::Refused(Refusal::SignatureMismatch) => Found::BadSignature,
                _ => break,
            };
        }
        Err(Failure::Refused(refused))
    }

    fn decide(&self, found: Found) -> Decision {
        self.held.read().unwrap_or_else(PoisonError::into_inner).cache.lookup(now(), found)
    }

    fn set(&self) -> Arc<KeySet> {
        Arc::clone(&self.held.read().unwrap_or_else(PoisonError::into_inner).set)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Held) -> T) -> T {
        change(&mut self.held.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// Fetches the set, unless another request did so meanwhile.
    async fn fetch(self: Arc<Self>, found: Found) {
        let _only = self.fetching.lock().await;
        let purpose = match self.decide(found) {
            Decision::Fetch(purpose) => purpose,
            Decision::UseAndRefresh => Purpose::Scheduled,
            _ => return,
        };
        let etag = self.change(|held| {
            held.cache.started(now(), purpose);
            held.cache.etag().map(str::to_owned)
        });
        let began = Instant::now();
        // Only the origin knows whether a key exists.
        let mut answer = self.get(etag.as_deref(), purpose != Purpose::Scheduled).await;
        if let Ok(Answer { headers, .. }) = &answer {
            let (age, freshness) = times(headers, began);
            if self.change(|held| held.cache.asks_past_caches(now(), age, freshness)) {
                answer = self.get(etag.as_deref(), true).await;
            }
        }
        self.change(|held| match answer {
            Err(retry_after) => held.cache.failed(now(), purpose, retry_after),
            Ok(Answer { set, headers }) => {
                let (age, freshness) = times(&headers, began);
                let Some(set) = set else {
                    held.cache.confirmed(now(), purpose, age, freshness);
                    return;
                };
                let etag = text(&headers, &ETAG).map(str::to_owned);
                if held.cache.renewed(now(), purpose, age, freshness.unwrap_or_default(), etag)
                    == Renewal::Taken
                {
                    held.set = Arc::new(set);
                }
            }
        });
    }

    /// One request, without following a redirect.
    ///
    /// # Errors
    /// The answer's `Retry-After` in seconds, if it has one: the fetch failed, or the answer is no key set with a usable key.
    async fn get(&self, etag: Option<&str>, past_caches: bool) -> Result<Answer, Option<f64>> {
        let mut request = Request::get(&self.url);
        if let Some(etag) = etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        if past_caches {
            request = request.header(CACHE_CONTROL, "no-cache");
        }
        let request = request.body(Body::empty()).map_err(|_| None)?;
        let fetched = tokio::time::timeout(TIMEOUT, async {
            let (head, body) = self.client.request(request).await.ok()?.into_parts();
            let bytes = to_bytes(Body::new(body), MAXIMUM_SET_BYTES).await.ok()?;
            Some((head, bytes))
        });
        let (head, bytes) = fetched.await.ok().flatten().ok_or(None)?;
        match head.status {
            StatusCode::NOT_MODIFIED if etag.is_some() => Ok(Answer { set: None, headers: head.headers }),
            StatusCode::OK => {
                let set = std::str::from_utf8(&bytes).ok().and_then(|text| KeySet::from_jwks(text).ok());
                let set = set.filter(|set| !set.keys().is_empty()).ok_or(None)?;
                Ok(Answer { set: Some(set), headers: head.headers })
            }
            _ => Err(text(&head.headers, &RETRY_AFTER).and_then(|seconds| seconds.parse().ok())),
        }
    }
}

/// How old an answer is, and for how long it may be used.
fn times(headers: &HeaderMap, began: Instant) -> (Age, Option<Freshness>) {
    let kept = text(headers, &AGE).and_then(|age| age.parse().ok()).unwrap_or(0.0);
    (
        Age { kept, fetching: began.elapsed().as_secs_f64() },
        text(headers, &CACHE_CONTROL).map(Freshness::read),
    )
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// The time in seconds since 1970-01-01T00:00:00Z. Before that, every token is refused as not valid yet or too new.
pub(crate) fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}
