//! Serves health and metrics for the operator's tools. No response contains a key or a token.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::{Clock, Published, next_step};

#[derive(Clone, Debug)]
struct Ops {
    published: Arc<Published>,
    clock: Arc<dyn Clock>,
}

const FRESH: (HeaderName, &str) = (CACHE_CONTROL, "no-store");

/// Returns the routes `/healthz/live`, `/healthz/ready` and `/metrics`.
pub fn ops_router(published: Arc<Published>, clock: Arc<dyn Clock>) -> Router {
    Router::new()
        .route("/healthz/live", get(live))
        .route("/healthz/ready", get(ready))
        .route("/metrics", get(metrics))
        .with_state(Ops { published, clock })
}

async fn live() -> Response {
    ([FRESH], "live\n").into_response()
}

/// Responds whether the server is ready: the store responds, the signer is not overdue, and there are free places for connections. The
/// key set is served in any case.
async fn ready(State(Ops { published, clock }): State<Ops>) -> Response {
    let Some(snapshot) = published.snapshot() else { return not_ready("nothing is published yet\n") };
    if let Some(failure) = published.failure() {
        return not_ready(format!("{}: {}\n", failure.code, failure.text));
    }
    let reasons = [
        (published.failing(), "the store fails\n"),
        (
            !published.is_current(&snapshot, clock.now()),
            "the store has not answered for longer than the replica delay\n",
        ),
        (published.overdue(), "the signer is overdue\n"),
        (
            published.is_full(&snapshot),
            "there has been no free place for connections for longer than the replica delay\n",
        ),
    ];
    match reasons.into_iter().find(|(holds, _)| *holds) {
        Some((_, reason)) => not_ready(reason),
        None => ([FRESH], "ready\n").into_response(),
    }
}

fn not_ready(reason: impl IntoResponse) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [FRESH], reason).into_response()
}

/// Responds with the metrics in the text format of Prometheus, version 0.0.4.
async fn metrics(State(Ops { published, clock }): State<Ops>) -> Response {
    let now = clock.now();
    let mut text = String::new();
    let mut labelled = |name: &str, labels: &str, help: &str, value: u64| {
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "# HELP jotgate_{name} {help}\n# TYPE jotgate_{name} gauge\njotgate_{name}{labels} {value}\n"
        );
    };
    if let Some(stamp) = published.stamp() {
        labelled("store_version", "", "The version of the published state in the store.", stamp.version);
        let id = stamp.store_id.map(|id| id.to_string()).unwrap_or_default();
        let help = "Which store it is, and its digest: a copy that is changed elsewhere has another digest.";
        let labels = format!("{{store_id=\"{id}\",digest=\"{}\"}}", stamp.digest);
        labelled("store_info", &labels, help, 1);
    }
    let mut gauge = |name: &str, help: &str, value: u64| labelled(name, "", help, value);
    let current = published.current(now).is_some();
    let help = "Whether the store answers: at the last look, and within the replica delay.";
    gauge("store_up", help, u64::from(current && !published.failing()));
    gauge("signer_overdue", "Whether the signer should have been replaced.", u64::from(published.overdue()));
    gauge(
        "last_successful_tick_timestamp_seconds",
        "When the store was looked at with success.",
        published.last_tick(),
    );
    if let Some(snapshot) = published.snapshot() {
        let state = &snapshot.state;
        if let Ok(signer) = state.signer() {
            let age = |published: u64| now.saturating_sub(published);
            gauge("signer_age_seconds", "Since when the signing key is published.", age(signer.published));
            if let Some(successor) = state.successor(signer.pair.algorithm()) {
                let help = "Since when its successor is published.";
                gauge("successor_age_seconds", help, age(successor.published));
            }
        }
        if let Ok(step) = next_step(state, state.settings()) {
            let help = "The time until the keys change next.";
            gauge("next_step_seconds", help, step.saturating_sub(now));
        }
        let count = u64::try_from(state.keys().count()).unwrap_or(u64::MAX);
        gauge("published_keys", "How many keys are published.", count);
    }
    if let Some(certificate) = published.certificate() {
        let help = "The time until the TLS certificate in use expires; 0 if it has expired.";
        gauge("cert_expires_seconds", help, certificate.not_after().saturating_sub(now));
        let help =
            "Whether the TLS files hold something unusable, so that an older certificate is still in use.";
        gauge("cert_reload_failing", help, u64::from(certificate.is_failing()));
    }
    let (name, version) = ("jotgate_build_info", env!("CARGO_PKG_VERSION"));
    let _ = write!(text, "# HELP {name} The version of this program.\n# TYPE {name} gauge\n");
    let _ = writeln!(text, "{name}{{version=\"{version}\"}} 1");
    published.numbers().write(&mut text);
    let name = "jotgate_signatures_total";
    let _ = write!(text, "# HELP {name} Tokens signed by this process.\n# TYPE {name} counter\n");
    for (kid, count) in published.signatures() {
        let _ = writeln!(text, "{name}{{kid=\"{kid}\"}} {count}");
    }
    ([FRESH, (CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Snapshot;
    use crate::test_keys::{NOW, TestClock, key, state};

    fn ops(now: u64) -> Ops {
        let published = Arc::new(Published::default());
        let state = state().stage(key(), NOW + 10).unwrap();
        published.publish(Snapshot::new(state).unwrap());
        published.ticked(now - 1, true, false);
        Ops { published, clock: Arc::new(TestClock::at(now)) }
    }

    async fn text(answer: Response) -> String {
        let bytes = axum::body::to_bytes(answer.into_body(), 1 << 16).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn the_numbers_tell_ages_the_next_step_and_signatures() {
        let ops = ops(NOW + 20);
        let snapshot = ops.published.snapshot().unwrap();
        let kid = snapshot.signer.kid().to_owned();
        snapshot.signatures.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let numbers = ops.published.numbers();
        numbers.set_connections(3, false);
        numbers.count_answer("token", 200);
        numbers.count_answer("token", 200);
        numbers.count_grant("client_credentials", "none");
        let text = text(metrics(State(ops)).await).await;
        for line in [
            "jotgate_store_up 1",
            "jotgate_signer_overdue 0",
            "jotgate_last_successful_tick_timestamp_seconds 1800000019",
            "jotgate_signer_age_seconds 20",
            "jotgate_successor_age_seconds 10",
            "jotgate_next_step_seconds 2591980",
            "jotgate_published_keys 2",
            concat!("jotgate_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1"),
            "jotgate_connections 3",
            "jotgate_http_answers_total{route=\"token\",status=\"200\"} 2",
            "jotgate_token_requests_total{grant=\"client_credentials\",error=\"none\"} 1",
            &format!("jotgate_signatures_total{{kid=\"{kid}\"}} 1"),
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }

    #[tokio::test]
    async fn it_is_ready_while_the_store_answers_and_the_signer_is_in_time() {
        let ops = ops(NOW + 1);
        assert_eq!(ready(State(ops.clone())).await.status(), StatusCode::OK);
        for (succeeded, overdue, reason) in
            [(false, false, "the store fails\n"), (true, true, "the signer is overdue\n")]
        {
            ops.published.ticked(NOW, succeeded, overdue);
            let answer = ready(State(ops.clone())).await;
            assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(text(answer).await, reason);
            assert_eq!(live().await.status(), StatusCode::OK);
        }
        let nothing = Ops { published: Arc::default(), clock: ops.clock };
        assert_eq!(ready(State(nothing)).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    }

    #[tokio::test]
    async fn it_is_not_ready_while_a_look_at_the_store_hangs_that_neither_fails_nor_succeeds() {
        let mut ops = ops(NOW + 20);
        // The replica delay is 2 s, the last look was at NOW + 19.
        ops.clock = Arc::new(TestClock::at(NOW + 21));
        assert_eq!(ready(State(ops.clone())).await.status(), StatusCode::OK);
        ops.clock = Arc::new(TestClock::at(NOW + 22));
        let answer = ready(State(ops.clone())).await;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(text(answer).await, "the store has not answered for longer than the replica delay\n");
        assert!(text(metrics(State(ops)).await).await.contains("\njotgate_store_up 0\n"));
    }

    #[tokio::test]
    async fn k1_it_is_not_ready_once_no_place_has_been_free_for_the_replica_delay() {
        let ops = ops(NOW + 1);
        let numbers = ops.published.numbers();
        let now = std::time::Instant::now();
        numbers.set_connections(900, true);
        assert_eq!(ready(State(ops.clone())).await.status(), StatusCode::OK, "not yet");
        // The replica delay is 2 s.
        numbers.full_since(now.checked_sub(std::time::Duration::from_millis(2_010)).unwrap());
        let answer = ready(State(ops.clone())).await;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(text(answer).await.starts_with("there has been no free place"));
        assert!(
            text(metrics(State(ops.clone())).await).await.contains("\njotgate_connections_full_seconds 2\n")
        );
        numbers.set_connections(899, false);
        assert_eq!(ready(State(ops.clone())).await.status(), StatusCode::OK);
    }
}
