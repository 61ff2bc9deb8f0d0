//! A server that lets only good bearer tokens in: `ISSUER=… JWKS_URL=… AUDIENCE=… cargo run -p rust-server`.
//!
//! - `gate`: reads `Authorization`, and answers as RFC 6750 says.
//! - `remote_keys`: the issuer's key set, fetched over HTTP.
#![expect(clippy::print_stdout, reason = "a server says where it listens")]

mod gate;
mod remote_keys;

use std::error::Error;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::get;
use jotgate_core::{Algorithm, Needs, Policy};

use crate::gate::{Denied, Gate};
use crate::remote_keys::RemoteKeys;

/// What the handlers share.
struct Api {
    gate: Gate,
    can_read: Needs,
    can_write: Needs,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let setting = |name: &str| std::env::var(name).map_err(|error| format!("{name}: {error}"));
    let policy = Policy::builder()
        .algorithms([Algorithm::ES256, Algorithm::RS256])
        .issuer(setting("ISSUER")?)
        .audience(setting("AUDIENCE")?)
        .typ("at+jwt")
        .build()?;
    let keys = RemoteKeys::new(setting("JWKS_URL")?.parse()?)?;
    let api = Api {
        gate: Gate { keys, policy, realm: "items" },
        can_read: Needs::builder().scope("items:read").build()?,
        can_write: Needs::builder().scope("items:write").build()?,
    };
    let app = Router::new().route("/items", get(list).post(add)).with_state(Arc::new(api));
    let listen = setting("LISTEN").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    let listener = tokio::net::TcpListener::bind(listen).await?;
    println!("listening on http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

async fn list(State(api): State<Arc<Api>>, headers: HeaderMap) -> Result<String, Denied> {
    let verdict = api.gate.check(&headers, &api.can_read).await?;
    Ok(format!("items of {}\n", verdict.read_claims().subject().unwrap_or_default()))
}

async fn add(State(api): State<Arc<Api>>, headers: HeaderMap) -> Result<String, Denied> {
    let verdict = api.gate.check(&headers, &api.can_write).await?;
    Ok(format!("added by {}\n", verdict.read_claims().subject().unwrap_or_default()))
}
