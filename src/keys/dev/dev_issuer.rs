//! The issuer of `jotgate-keys dev` and its server.

use std::future::Future;
use std::sync::Arc;

use tokio::net::TcpListener;
use zeroize::Zeroizing;

use super::guard::Guard;
use super::routes::{DevState, add_routes};
use crate::http::run_with;
use crate::{
    Clock, ConnectionSettings, Document, Error, Issuer, Keeper, KekSource, Keks, KeyPair, MemoryStore,
    RsaSize, Settings, SigningAlgorithm, State, StoreId, Times,
};

/// The options of the issuer.
#[derive(Clone)]
pub struct DevOptions {
    /// Its identifier.
    pub issuer: Issuer,
    /// The algorithm that signs.
    pub algorithm: SigningAlgorithm,
    /// The `aud` of tokens for which no audience is requested.
    pub audience: String,
    /// The secret that every `/dev` route requires as a Bearer token; `None` for no secret.
    pub secret: Option<Zeroizing<String>>,
}

/// An issuer for development, with new keys.
pub struct DevIssuer {
    options: DevOptions,
    keeper: Keeper,
    clock: Arc<dyn Clock>,
}

/// A successor may sign three seconds after it was published, so that `/dev/rotate` never takes longer.
const TIMES: Times = Times {
    period: 315_360_000,
    pre_publication: 3,
    retention: 86_401,
    revocation: 3,
    max_age: 1,
    longest_life: 86_400,
    leeway: 0,
    replica_delay: 1,
    clock_difference: 0,
    fetch_time: 1,
    max_stale: 0,
};

impl DevIssuer {
    /// Makes two keys, and a store in memory with them.
    ///
    /// # Errors
    /// [`Error::KeyPair`] and others if the system has no randomness.
    pub fn new(options: DevOptions, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let new = || KeyPair::generate(options.algorithm, RsaSize::default()).map(Arc::new);
        let settings = Settings::new(TIMES)?;
        let state = State::with_successor(options.issuer.clone(), settings, [new()?, new()?], clock.now())?;
        let state = state.upgrade(StoreId::generate()?).unwrap_or(state);
        let keks = Arc::new(Keks::generate()?);
        let store = MemoryStore::new(Document::from_state(&state, &keks, 1)?);
        let keeper = Keeper::new(Arc::new(store), KekSource::Given(keks))?;
        Ok(Self { options, keeper, clock })
    }

    /// Serves it on `listener` until `shutdown` is ready: what `serve` serves, and the `/dev` routes.
    ///
    /// # Errors
    /// Those of [`run`](crate::run).
    pub async fn run(self, listener: TcpListener, shutdown: impl Future<Output = ()>) -> Result<(), Error> {
        let Self { options, keeper, clock } = self;
        let guard = Guard::new(listener.local_addr()?, options.secret);
        let (dev_keeper, dev_clock) = (keeper.clone(), Arc::clone(&clock));
        let change_routes = |routes, published| {
            let state = DevState::new(published, dev_keeper, dev_clock, options.audience);
            add_routes(routes, Arc::new(state), Arc::new(guard))
        };
        run_with(listener, None, keeper, clock, ConnectionSettings::default(), change_routes, shutdown).await
    }
}

impl std::fmt::Debug for DevIssuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DevIssuer").field("issuer", &self.options.issuer).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for DevOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DevOptions").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}
