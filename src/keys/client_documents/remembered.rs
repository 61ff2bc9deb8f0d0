//! Caches the clients that documents describe, for a bounded time and in bounded memory.

use std::collections::HashMap;
use std::sync::Arc;

use crate::Client;

/// The clients by identifier.
#[derive(Debug, Default)]
pub(super) struct Remembered(HashMap<String, Entry>);

/// A client, and the times until which its document is used, in Unix seconds.
#[derive(Debug)]
struct Entry {
    client: Arc<Client>,
    /// The time until which no fetch is needed.
    until: u64,
    /// The time until which it is used if its host cannot be reached.
    stale_until: u64,
}

/// The most clients that are cached. A document has at most 5 KB.
const MOST: usize = 1024;
/// The time that a document is cached, in seconds, if its host sets none.
const USUAL_LIFE: u64 = 600;
/// The shortest and the longest time that a document is cached, whatever its host sets, in seconds.
const SHORTEST_LIFE: u64 = 60;
const LONGEST_LIFE: u64 = 86_400;
/// The additional time that a document is used if its host cannot be reached, in seconds (RFC 5861 §4).
const STALE_LIFE: u64 = 3600;
/// The pause before the next request to a host that could not be reached, in seconds.
const RETRY: u64 = 60;

impl Remembered {
    pub(super) fn find(&self, id: &str, now: u64) -> Option<Arc<Client>> {
        let entry = self.0.get(id)?;
        (now < entry.until).then(|| Arc::clone(&entry.client))
    }

    /// Returns the client of a document that has expired, because its host cannot be reached. It is then found for a minute, so that the
    /// host does not get a request each time.
    pub(super) fn find_stale(&mut self, id: &str, now: u64) -> Option<Arc<Client>> {
        let entry = self.0.get_mut(id).filter(|entry| now < entry.stale_until)?;
        entry.until = now.saturating_add(RETRY).min(entry.stale_until);
        Some(Arc::clone(&entry.client))
    }

    /// Caches a client. `life` is the time that its host allows to cache the document, in seconds.
    pub(super) fn store(&mut self, id: &str, client: &Arc<Client>, life: Option<u64>, now: u64) {
        if self.0.len() >= MOST && !self.0.contains_key(id) {
            self.make_room(now);
        }
        let until = now.saturating_add(life.unwrap_or(USUAL_LIFE).clamp(SHORTEST_LIFE, LONGEST_LIFE));
        // RFC 9111 §4.2.4: `no-store` and `no-cache` forbid a stale answer.
        let stale_until = if life == Some(0) { until } else { until.saturating_add(STALE_LIFE) };
        self.0.insert(id.to_owned(), Entry { client: Arc::clone(client), until, stale_until });
    }

    /// Removes a client whose document is missing or unusable now.
    pub(super) fn remove(&mut self, id: &str) {
        self.0.remove(id);
    }

    /// Removes expired clients; if there are none, the one that expires first.
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
