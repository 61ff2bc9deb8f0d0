//! The tests that every store must pass, given a way to make one and to open it again.

use std::sync::Barrier;

use crate::{Document, Store, StoreError};

/// A store under test. It is made once with a first document, and can be opened several times, as by several processes.
pub(crate) trait Subject {
    fn create(&self, first: &Document);
    fn open(&self) -> Box<dyn Store>;
}

pub(crate) fn document(text: &str) -> Document {
    Document::from_bytes(text.as_bytes().to_vec())
}

/// Runs every behaviour, each on a fresh store.
pub(crate) fn run<S: Subject>(fresh: impl Fn() -> S) {
    for behaviour in [
        the_first_document_has_version_one,
        a_replaced_document_is_seen_by_every_handle_with_the_next_version,
        a_document_may_be_put_under_a_later_version,
        a_stale_version_is_refused_and_changes_nothing,
        a_document_comes_back_to_the_byte,
        of_many_at_once_exactly_one_wins_each_version,
    ] {
        let subject = fresh();
        subject.create(&document("first"));
        behaviour(&subject);
    }
}

fn the_first_document_has_version_one(subject: &dyn Subject) {
    let store = subject.open();
    assert_eq!(store.version(), Ok(1));
    assert_eq!(store.load(), Ok((1, document("first"))));
}

fn a_replaced_document_is_seen_by_every_handle_with_the_next_version(subject: &dyn Subject) {
    let (writer, reader) = (subject.open(), subject.open());
    assert_eq!(reader.version(), Ok(1));
    assert_eq!(writer.replace(1, &document("second")), Ok(2));
    for store in [writer, reader, subject.open()] {
        assert_eq!(store.version(), Ok(2));
        assert_eq!(store.load(), Ok((2, document("second"))));
    }
}

fn a_document_may_be_put_under_a_later_version(subject: &dyn Subject) {
    let store = subject.open();
    assert_eq!(store.replace_as(1, 7, &document("restored")), Ok(()));
    assert_eq!(subject.open().load(), Ok((7, document("restored"))));
    assert_eq!(
        store.replace_as(1, 9, &document("late")),
        Err(StoreError::Conflict { expected: 1, found: 7 })
    );
    assert_eq!(store.replace(7, &document("next")), Ok(8));
}

fn a_stale_version_is_refused_and_changes_nothing(subject: &dyn Subject) {
    let store = subject.open();
    assert_eq!(store.replace(1, &document("second")), Ok(2));
    for expected in [0, 1, 3, u64::MAX] {
        let refusal = store.replace(expected, &document("stale")).unwrap_err();
        assert_eq!(refusal, StoreError::Conflict { expected, found: 2 });
        assert_eq!(store.load(), Ok((2, document("second"))));
    }
}

fn a_document_comes_back_to_the_byte(subject: &dyn Subject) {
    let store = subject.open();
    let every_byte: Vec<u8> = (0..=u8::MAX).cycle().take(1 << 20).collect();
    let mut version = 1;
    for bytes in [vec![], vec![0], every_byte] {
        let document = Document::from_bytes(bytes);
        version = store.replace(version, &document).unwrap();
        assert_eq!(subject.open().load(), Ok((version, document)));
    }
}

fn of_many_at_once_exactly_one_wins_each_version(subject: &dyn Subject) {
    const WRITERS: usize = 4;
    const ROUNDS: u64 = 8;
    let stores: Vec<_> = (0..WRITERS).map(|_| subject.open()).collect();
    let start = Barrier::new(WRITERS);
    let won: Vec<u64> = std::thread::scope(|scope| {
        let writer = |store: &dyn Store| {
            start.wait();
            let attempt = |expected| match store.replace(expected, &document(&format!("after {expected}"))) {
                Ok(version) => Some(version),
                Err(StoreError::Conflict { .. }) => None,
                Err(other) => panic!("{other}"),
            };
            let mut won = vec![];
            while store.version().unwrap() <= ROUNDS {
                won.extend(attempt(store.version().unwrap()));
            }
            won
        };
        let threads: Vec<_> =
            stores.iter().map(|store| scope.spawn(move || writer(store.as_ref()))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let last = subject.open().version().unwrap();
    let mut won = won;
    won.sort_unstable();
    assert_eq!(won, (2..=last).collect::<Vec<_>>(), "each version has one winner");
    assert!(last > ROUNDS);
}
