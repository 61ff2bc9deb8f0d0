//! Serves the published key set and the metadata from memory.

use std::sync::Arc;

use axum::Extension;
use axum::Router;
use axum::extract::State;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
    RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};

use super::authorize::no_login;
use super::connection::RouteName;
use super::metadata::{AUTHORIZE_PATH, JWKS_PATH, metadata_paths, metadata_with};
use crate::{Published, Snapshot};

/// The header fields of every response with the set, which is public.
const OPEN_TO_ALL: [(HeaderName, HeaderValue); 3] = [
    (ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    // Without this, a script could not read the tag that it should send back.
    (ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("ETag")),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
];

/// Returns the routes of the published issuer: `GET`, `HEAD` and `OPTIONS` of the key set, below the issuer and at the root, and of the
/// two metadata documents. The authorization endpoint responds that there is no login.
pub fn router(published: Arc<Published>) -> Router {
    let paths = own_paths(&published, AUTHORIZE_PATH);
    let authorize = literal_routes("authorize", &paths, &get(no_login).post(no_login));
    documents_router(published).merge(authorize)
}

/// Returns the routes of [`router`] without the authorization endpoint.
pub(crate) fn documents_router(published: Arc<Published>) -> Router {
    let snapshot = published.snapshot();
    let path = snapshot.as_deref().map_or("", |snapshot| snapshot.state.issuer().path());
    let [oauth, openid] = metadata_paths(path);
    let sets = literal_routes("key_set", &own_paths(&published, JWKS_PATH), &get(key_set).options(preflight));
    let documents = literal_routes("metadata", &[oauth, openid], &get(document).options(preflight));
    sets.merge(documents).with_state(published)
}

/// Returns the paths of a route: at the root, and below the path of the published issuer.
pub(crate) fn own_paths(published: &Published, route: &str) -> [String; 2] {
    let snapshot = published.snapshot();
    let path = snapshot.as_deref().map_or("", |snapshot| snapshot.state.issuer().path());
    [route.to_owned(), format!("{path}{route}")]
}

/// Returns routes with the same handler at each of `paths`, counted under `name`. The paths are literal. Braces have a meaning for the
/// router, so they are escaped. Its check for a colon or an asterisk after a slash is disabled.
pub(crate) fn literal_routes<S: Clone + Send + Sync + 'static>(
    name: &'static str,
    paths: &[String],
    handler: &MethodRouter<S>,
) -> Router<S> {
    let mut routes = Router::new().without_v07_checks();
    let mut paths: Vec<String> =
        paths.iter().map(|path| path.replace('{', "{{").replace('}', "}}")).collect();
    paths.dedup();
    // `get` answers `HEAD` too: the same headers, no body (RFC 9110 §9.3.2).
    for path in paths {
        routes = routes.route(&path, handler.clone());
    }
    routes.route_layer(map_response(
        move |answer: Response| async move { (Extension(RouteName(name)), answer) },
    ))
}

async fn key_set(State(published): State<Arc<Published>>, request: HeaderMap) -> Response {
    let Some(snapshot) = published.snapshot() else { return not_yet() };
    let set = &snapshot.set;
    // RFC 9110 §15.4.5: a 304 has the same `ETag` and `Cache-Control` as a 200.
    let about = [(ETAG, set.etag().clone()), (CACHE_CONTROL, cache_control(&published, &snapshot))];
    if matches(&request, set.etag()) {
        return (StatusCode::NOT_MODIFIED, OPEN_TO_ALL, about).into_response();
    }
    // RFC 7517 §8.5.2.
    let media_type = [(CONTENT_TYPE, "application/jwk-set+json")];
    (OPEN_TO_ALL, about, media_type, set.body()).into_response()
}

async fn document(State(published): State<Arc<Published>>) -> Response {
    let Some(snapshot) = published.snapshot() else { return not_yet() };
    let about = [(CACHE_CONTROL, cache_control(&published, &snapshot))];
    let media_type = [(CONTENT_TYPE, "application/json")];
    let metadata = match published.client_documents() {
        None => Ok(snapshot.metadata.clone()),
        Some(documents) => metadata_with(&snapshot.state, Some(&documents)),
    };
    match metadata {
        Ok(metadata) => (OPEN_TO_ALL, about, media_type, metadata).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Makes the response while there is no set. An empty set with status 200 would make verifiers refuse good tokens while it is cached.
fn not_yet() -> Response {
    let wait = [(CACHE_CONTROL, "no-store"), (RETRY_AFTER, "1")];
    (StatusCode::SERVICE_UNAVAILABLE, OPEN_TO_ALL, wait).into_response()
}

fn cache_control(published: &Published, snapshot: &Snapshot) -> HeaderValue {
    snapshot.set.cache_control(published.turn()).clone()
}

async fn preflight() -> Response {
    let allowed = [
        (ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD"),
        (ACCESS_CONTROL_ALLOW_HEADERS, "If-None-Match"),
        (ACCESS_CONTROL_MAX_AGE, "86400"),
    ];
    (StatusCode::NO_CONTENT, OPEN_TO_ALL, allowed).into_response()
}

/// Whether `If-None-Match` contains the tag, compared weakly, or is `*` (RFC 9110 §13.1.2).
fn matches(request: &HeaderMap, etag: &HeaderValue) -> bool {
    request
        .get_all(IF_NONE_MATCH)
        .iter()
        .flat_map(|value| value.as_bytes().split(|&byte| byte == b','))
        .map(<[u8]>::trim_ascii)
        .any(|tag| tag == b"*" || tag.strip_prefix(b"W/").unwrap_or(tag) == etag.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: HeaderValue = HeaderValue::from_static("\"a-tag\"");

    fn matches_tag(values: &[&str]) -> bool {
        let headers = values.iter().map(|value| (IF_NONE_MATCH, HeaderValue::from_str(value).unwrap()));
        matches(&headers.collect(), &TAG)
    }

    #[test]
    fn a_tag_that_is_listed_in_any_form_matches() {
        for values in [
            vec!["\"a-tag\""],
            vec!["W/\"a-tag\""],
            vec!["\"other\", \"a-tag\""],
            vec!["\"other\",W/\"a-tag\" , \"third\""],
            vec!["\"other\"", "\"a-tag\""],
            vec!["*"],
        ] {
            assert!(matches_tag(&values), "{values:?}");
        }
    }

    #[test]
    fn another_tag_or_none_does_not() {
        for values in
            [vec![], vec![""], vec!["\"other\""], vec!["a-tag"], vec!["\"a-tag"], vec!["w/\"a-tag\""]]
        {
            assert!(!matches_tag(&values), "{values:?}");
        }
    }

    #[tokio::test]
    async fn without_a_set_the_answer_is_503_and_never_an_empty_set() {
        let answer = key_set(State(Arc::default()), HeaderMap::new()).await;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.headers()[CACHE_CONTROL], "no-store");
    }
}
