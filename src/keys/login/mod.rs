//! The authorization endpoint: a person logs in and allows a client what it asks for.

mod answer;
mod authorization_request;
mod authorize;
mod cookies;
mod device;
mod document_client;
mod logout;
mod session;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use crate::grants::People;
use crate::http::{DEVICE_PATH, LOGOUT_PATH, literal_routes, own_paths};
use crate::ledger::SessionLimits;
use crate::{AUTHORIZE_PATH, Clock, Published};

/// The lifetime of sessions: eight hours without use, thirty days in all.
pub(crate) const SESSION_LIMITS: SessionLimits = SessionLimits { idle: 8 * 3600, absolute: 30 * 86_400 };

/// The state that the handlers of a login share.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    published: Arc<Published>,
    clock: Arc<dyn Clock>,
    people: People,
}

/// The routes: `GET` and `POST` of [`AUTHORIZE_PATH`], [`DEVICE_PATH`] and [`LOGOUT_PATH`], at the root and below the issuer's path.
pub(crate) fn login_router(published: Arc<Published>, clock: Arc<dyn Clock>, people: People) -> Router {
    let paths = |route: &str| own_paths(&published, route);
    let authorize = get(authorize::authorize).post(authorize::authorize);
    let logout = get(logout::log_out).post(logout::log_out);
    let device = get(device::device).post(device::device);
    literal_routes("authorize", &paths(AUTHORIZE_PATH), &authorize)
        .merge(literal_routes("device", &paths(DEVICE_PATH), &device))
        .merge(literal_routes("logout", &paths(LOGOUT_PATH), &logout))
        .with_state(Site { published, clock, people })
}
