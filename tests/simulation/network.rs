//! A moment enters, what a fetch that begins then brings leaves: an answer of some replica, perhaps by way of a cache.

use crate::issuer::{History, Moment};

/// The way of a verifier to the issuer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way {
    /// How long after a commit the replica at its end shows it, in milliseconds.
    pub(crate) lag: u64,
    /// How long a fetch takes, in milliseconds.
    pub(crate) takes: u64,
    /// The cache on the way, if there is one.
    pub(crate) cache: Option<SharedCache>,
    /// From when on nothing comes through any more.
    pub(crate) cut: Moment,
    /// By how many sixteenths of a fifth the replica's answers say less than the whole `max-age`.
    pub(crate) spread: u64,
}

/// A cache that others fill: it keeps an answer for as long as that says, counts its age from when it arrived, and does not
/// care that somebody asks past caches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SharedCache {
    /// When one of its answers arrived. Those before and after follow without a pause.
    pub(crate) filled: Moment,
    /// How long before that its answers left their replica, in milliseconds.
    pub(crate) transit: u64,
    /// The lag of the replica that it asks.
    pub(crate) lag: u64,
    /// Whether it has that one answer only, and lets everything else through.
    pub(crate) once: bool,
}

/// What a fetch comes to, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fetched {
    pub(crate) at: Moment,
    /// `None`: nobody answered.
    pub(crate) answer: Option<Answer>,
}

/// An answer with a key set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    /// The commit whose set it is.
    pub(crate) commit: usize,
    /// When it left the origin.
    pub(crate) left: Moment,
    /// Its `Age`, in seconds.
    pub(crate) age: u64,
    /// Its `max-age`, in seconds.
    pub(crate) max_age: u64,
}

/// When the issuer answers nobody.
pub(crate) type Outage = std::ops::Range<Moment>;

impl Way {
    pub(crate) fn fetch(&self, history: &History, outages: &[Outage], begun: Moment) -> Fetched {
        let at = begun + self.takes;
        // The answer leaves when the question arrives: at once where the way back takes all the time.
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
        // One that is filled again and again keeps everything for as long as the shortest of the answers says.
        let shortest = (0..history.commits.len()).map(|place| history.max_age(place)).min()?;
        let life = if self.once { once } else { shortest } * 1000;
        let rounds = now.checked_sub(self.filled % life)? / life;
        let arrived = if self.once { self.filled } else { self.filled % life + rounds * life };
        let age = now.checked_sub(arrived).filter(|age| *age < life)?;
        let left = arrived - self.transit;
        // A cache that cuts its age to whole seconds takes one second more, which belongs to F.
        let commit = seen(history, left, self.lag);
        Some(Answer { commit, left, age: age.div_ceil(1000), max_age: history.max_age(commit) })
    }
}

/// What a replica shows that lags by that much.
pub(crate) fn seen(history: &History, now: Moment, lag: u64) -> usize {
    history.at(now.saturating_sub(lag))
}
