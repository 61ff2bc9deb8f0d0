//! The clients that documents described, for a bounded time and in bounded memory.

use std::collections::HashMap;
use std::sync::Arc;

use crate::Client;

/// The clients by identifier.
#[derive(Debug, Default)]
pub(super) struct Remembered(HashMap<String, Entry>);

/// A client, and until when its document counts, in Unix seconds.
#[derive(Debug)]
struct Entry {
    client: Arc<Client>,
    /// Until then no fetch is needed.
    until: u64,
    /// Until then it is used if its host cannot be reached.
    stale_until: u64,
}

/// How many clients are kept. A document has 5 KB at most.
const MOST: usize = 1024;
/// How long a document is kept, in seconds, if its host says nothing.
const USUAL_LIFE: u64 = 600;
/// The shortest and the longest time for which a document is kept, whatever its host says, in seconds.
const SHORTEST_LIFE: u64 = 60;
const LONGEST_LIFE: u64 = 86_400;
/// How much longer a document is used if its host cannot be reached, in seconds (RFC 5861 §4).
const STALE_LIFE: u64 = 3600;
/// After how many seconds a host that could not be reached is asked again.
const RETRY: u64 = 60;

impl Remembered {
    pub(super) fn find(&self, id: &str, now: u64) -> Option<Arc<Client>> {
        let entry = self.0.get(id)?;
        (now < entry.until).then(|| Arc::clone(&entry.client))
    }

    /// The client whose host cannot be reached now. It is found for a minute, so that the host is not asked for each request.
    pub(super) fn find_stale(&mut self, id: &str, now: u64) -> Option<Arc<Client>> {
        let entry = self.0.get_mut(id).filter(|entry| now < entry.stale_until)?;
        entry.until = now.saturating_add(RETRY).min(entry.stale_until);
        Some(Arc::clone(&entry.client))
    }

    /// Stores a client. `life` is how long its host lets the document be kept, in seconds.
    pub(super) fn store(&mut self, id: &str, client: &Arc<Client>, life: Option<u64>, now: u64) {
        if self.0.len() >= MOST && !self.0.contains_key(id) {
            self.make_room(now);
        }
        let until = now.saturating_add(life.unwrap_or(USUAL_LIFE).clamp(SHORTEST_LIFE, LONGEST_LIFE));
        // RFC 9111 §4.2.4: `no-store` and `no-cache` forbid a stale answer.
        let stale_until = if life == Some(0) { until } else { until.saturating_add(STALE_LIFE) };
        self.0.insert(id.to_owned(), Entry { client: Arc::clone(client), until, stale_until });
    }

    /// Forgets a client whose document is gone or cannot be used any more.
    pub(super) fn remove(&mut self, id: &str) {
        self.0.remove(id);
    }

    /// Removes what is over; if nothing is, what will be over first.
    fn make_room(&mut self, now: u64) {
        self.0.retain(|_, entry| now < entry.stale_until);
        if self.0.len() >= MOST {
            let first = self.0.iter().min_by_key(|(_, entry)| entry.stale_until).map(|(id, _)| id.clone());
            first.and_then(|id| self.0.remove(&id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_keys::NOW;

    fn client() -> Arc<Client> {
        Arc::new(Client::new("app", None, &["api".to_owned()], NOW).unwrap().0)
    }

    #[test]
    fn a_document_is_kept_as_long_as_its_host_says_within_bounds() {
        for (life, kept, stale) in [
            (None, 600, 3600),
            (Some(0), 60, 0),
            (Some(5), 60, 3600),
            (Some(3600), 3600, 3600),
            (Some(u64::MAX), 86_400, 3600),
        ] {
            let mut remembered = Remembered::default();
            remembered.store("id", &client(), life, NOW);
            assert!(remembered.find("id", NOW + kept - 1).is_some(), "{life:?}");
            assert!(remembered.find("id", NOW + kept).is_none(), "{life:?}");
            assert_eq!(remembered.find_stale("id", NOW + kept + stale), None, "{life:?}");
            assert_eq!(remembered.find_stale("id", NOW + kept).is_some(), stale > 0, "{life:?}");
        }
    }

    #[test]
    fn a_stale_document_is_found_for_a_minute_and_never_after_its_hour() {
        let mut remembered = Remembered::default();
        remembered.store("id", &client(), None, NOW);
        assert!(remembered.find_stale("id", NOW + 700).is_some());
        assert!(remembered.find("id", NOW + 759).is_some() && remembered.find("id", NOW + 760).is_none());
        let end = NOW + 600 + 3600;
        assert!(remembered.find_stale("id", end - 1).is_some());
        assert!(remembered.find("id", end).is_none() && remembered.find_stale("id", end).is_none());
    }

    #[test]
    fn memory_is_bounded_and_what_is_over_first_goes_first() {
        let mut remembered = Remembered::default();
        remembered.store("long", &client(), Some(3600), NOW);
        for number in 0..3 * MOST {
            remembered.store(&number.to_string(), &client(), None, NOW);
            assert!(remembered.0.len() <= MOST);
        }
        assert!(remembered.find("long", NOW).is_some());
    }
}
