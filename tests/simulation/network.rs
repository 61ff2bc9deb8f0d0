//! The network: what a fetch returns that begins at a moment. The answer comes from a replica, perhaps through
//! a cache.

use crate::issuer::{History, Moment};

/// The path from a verifier to the issuer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way {
    /// How long after a commit its replica shows it, in milliseconds.
    pub(crate) lag: u64,
    /// How long a fetch takes, in milliseconds.
    pub(crate) takes: u64,
    /// The cache on the path, if there is one.
    pub(crate) cache: Option<SharedCache>,
    /// From this moment on nothing arrives.
    pub(crate) cut: Moment,
    /// How many sixteenths of a fifth are subtracted from `max-age` in the answers of the replica.
    pub(crate) spread: u64,
}

/// A cache that other clients fill. It keeps an answer for as long as the answer says, counts its age from the
/// arrival, and ignores requests to bypass caches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SharedCache {
    /// When one of its answers arrived. Others follow and precede it without a pause.
    pub(crate) filled: Moment,
    /// How long before that its answers left the replica, in milliseconds.
    pub(crate) transit: u64,
    /// The lag of its replica.
    pub(crate) lag: u64,
    /// Whether it has only this answer, and forwards everything else.
    pub(crate) once: bool,
}

/// The outcome of a fetch, and its time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fetched {
    pub(crate) at: Moment,
    /// `None`: no answer came.
    pub(crate) answer: Option<Answer>,
}

/// An answer with a key set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    /// The commit of the set.
    pub(crate) commit: usize,
    /// When the answer left the origin.
    pub(crate) left: Moment,
    /// Its `Age`, in seconds.
    pub(crate) age: u64,
    /// Its `max-age`, in seconds.
    pub(crate) max_age: u64,
}

/// When the issuer does not answer.
pub(crate) type Outage = std::ops::Range<Moment>;

impl Way {
    pub(crate) fn fetch(&self, history: &History, outages: &[Outage], begun: Moment) -> Fetched {
        let at = begun + self.takes;
        // The answer leaves when the request arrives: at once if the way back takes all the time.
        let down = begun >= self.cut || outages.iter().any(|outage| outage.contains(&begun));
        let kept = self.cache.and_then(|cache| cache.answer(history, begun));
        let commit = seen(history, begun, self.lag);
        let whole = history.max_age(commit);
        let direct = Answer { commit, left: begun, age: 0, max_age: whole - whole / 5 * self.spread / 16 };
        Fetched { at, answer: if down { None } else { Some(kept.unwrap_or(direct)) } }
    }
}

impl SharedCache {
    fn answer(&self, history: &History, now: Moment) -> Option<Answer> {
        let once = history.max_age(seen(history, self.filled - self.transit, self.lag));
        // A cache that is filled repeatedly keeps everything for as long as the shortest of the answers says.
        let shortest = (0..history.commits.len()).map(|place| history.max_age(place)).min()?;
        let life = if self.once { once } else { shortest } * 1000;
        let rounds = now.checked_sub(self.filled % life)? / life;
        let arrived = if self.once { self.filled } else { self.filled % life + rounds * life };
        let age = now.checked_sub(arrived).filter(|age| *age < life)?;
        let left = arrived - self.transit;
        // A cache that truncates its age to whole seconds adds up to one second, which is part of F.
        let commit = seen(history, left, self.lag);
        Some(Answer { commit, left, age: age.div_ceil(1000), max_age: history.max_age(commit) })
    }
}

/// What a replica with this lag shows.
pub(crate) fn seen(history: &History, now: Moment, lag: u64) -> usize {
    history.at(now.saturating_sub(lag))
}
