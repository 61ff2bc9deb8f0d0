//! The outcomes of fetches, for a bounded time and in bounded memory.

use std::collections::HashMap;
use std::sync::Arc;

use super::ClientDocumentFault;
use crate::Client;

/// The outcomes by identifier, each with the end of its time in Unix seconds.
#[derive(Debug, Default)]
pub(super) struct Remembered(HashMap<String, (Result<Arc<Client>, ClientDocumentFault>, u64)>);

/// How many outcomes are kept. A document has 5 KB at most.
const MOST: usize = 1024;
/// How long a failure is kept, in seconds, so that the same host is not asked again and again.
const FAILURE_LIFE: u64 = 60;
/// How long a document is kept, in seconds, if its host says nothing.
const USUAL_LIFE: u64 = 600;
/// The shortest and the longest time for which a document is kept, whatever its host says, in seconds.
const SHORTEST_LIFE: u64 = 60;
const LONGEST_LIFE: u64 = 86_400;

impl Remembered {
    pub(super) fn find(&self, id: &str, now: u64) -> Option<Result<Arc<Client>, ClientDocumentFault>> {
        let (outcome, until) = self.0.get(id)?;
        (now < *until).then(|| outcome.clone())
    }

    /// Stores an outcome. `life` is what the host says, in seconds.
    pub(super) fn store(
        &mut self,
        id: &str,
        outcome: &Result<Arc<Client>, ClientDocumentFault>,
        life: Option<u64>,
        now: u64,
    ) {
        let life = match outcome {
            Ok(_) => life.unwrap_or(USUAL_LIFE).clamp(SHORTEST_LIFE, LONGEST_LIFE),
            Err(_) => FAILURE_LIFE,
        };
        if self.0.len() >= MOST && !self.0.contains_key(id) {
            self.make_room(now);
        }
        self.0.insert(id.to_owned(), (outcome.clone(), now.saturating_add(life)));
    }

    /// Removes what is over; if nothing is, what will be over first.
    fn make_room(&mut self, now: u64) {
        self.0.retain(|_, (_, until)| now < *until);
        if self.0.len() >= MOST {
            let first = self.0.iter().min_by_key(|(_, (_, until))| *until).map(|(id, _)| id.clone());
            first.and_then(|id| self.0.remove(&id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_keys::NOW;

    const FAILED: Result<Arc<Client>, ClientDocumentFault> = Err(ClientDocumentFault::Late);

    fn good() -> Result<Arc<Client>, ClientDocumentFault> {
        Ok(Arc::new(Client::new("app", None, &["api".to_owned()], NOW).unwrap().0))
    }

    #[test]
    fn a_failure_is_kept_for_a_minute_and_a_document_as_long_as_its_host_says_within_bounds() {
        for (outcome, life, kept) in [
            (FAILED, Some(3600), 60),
            (good(), None, 600),
            (good(), Some(0), 60),
            (good(), Some(3600), 3600),
            (good(), Some(u64::MAX), 86_400),
        ] {
            let mut remembered = Remembered::default();
            remembered.store("id", &outcome, life, NOW);
            assert!(remembered.find("id", NOW + kept - 1).is_some(), "{life:?}");
            assert!(remembered.find("id", NOW + kept).is_none(), "{life:?}");
        }
    }

    #[test]
    fn memory_is_bounded_and_what_is_over_first_goes_first() {
        let mut remembered = Remembered::default();
        remembered.store("long", &good(), Some(3600), NOW);
        for number in 0..3 * MOST {
            remembered.store(&number.to_string(), &FAILED, None, NOW);
            assert!(remembered.0.len() <= MOST);
        }
        assert!(remembered.find("long", NOW).is_some());
    }
}
