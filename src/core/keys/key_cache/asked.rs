//! The last fetch that a token caused, and the time spans after it.

/// A fetch that a token caused: when it began, and its outcome.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) since: f64,
    pub(super) outcome: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Pending,
    Brought,
    Failed,
}

/// Whether `then` is less than `span` before `now`. If the clock was set back to before `then`, the span is over.
pub(super) fn recent(now: f64, then: f64, span: f64) -> bool {
    (0.0..span).contains(&(now - then))
}

/// Returns the rest of a span that began at `then`. Returns `None` if it is over.
pub(super) fn remaining(now: f64, then: f64, span: f64) -> Option<f64> {
    recent(now, then, span).then_some(span - (now - then))
}
