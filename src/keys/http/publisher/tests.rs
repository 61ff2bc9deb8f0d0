use super::*;
use crate::test_keys::{NOW, TestClock, given, keks, key, sealed_in_file, state, written};
use crate::{Document, Keks, MarkFile, SqliteStore, State, Store, StoreId};

struct Trial {
    folder: tempfile::TempDir,
    store: SqliteStore,
    publisher: Publisher,
}

fn trial() -> Trial {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.sqlite");
    let store = SqliteStore::create(&path, &written(&state(), 1)).unwrap();
    let keeper = Keeper::new(Arc::new(SqliteStore::open(&path).unwrap()), given()).unwrap();
    let publisher = Publisher::new(keeper, Arc::new(TestClock::at(NOW))).unwrap();
    Trial { folder, store, publisher }
}

fn kids(publisher: &Publisher) -> Vec<String> {
    publisher.published().snapshot().unwrap().set().kids().to_vec()
}

#[test]
fn what_another_handle_writes_is_published_at_the_next_look() {
    let Trial { store, mut publisher, folder: _folder } = trial();
    let (version, document) = store.load().unwrap();
    let next = document.to_state(&keks(), version).unwrap().stage(key(), NOW).unwrap();
    store.replace(version, &written(&next, version + 1)).unwrap();
    let before = kids(&publisher);
    publisher.look();
    let after = kids(&publisher);
    assert_eq!((before.len(), after.len()), (1, 2));
    assert_eq!(after[1..], before);
}

#[test]
fn a_damaged_document_leaves_the_published_set_and_a_good_one_after_it_is_taken() {
    let Trial { store, mut publisher, folder: _folder } = trial();
    let (_, good) = store.load().unwrap();
    let before = kids(&publisher);
    for (version, bad) in (1..).zip([vec![], b"garbage".to_vec(), good.as_bytes()[..200].to_vec()]) {
        store.replace(version, &Document::from_bytes(bad)).unwrap();
        publisher.look();
        assert_eq!(kids(&publisher), before);
        assert!(publisher.failing.is_some());
    }
    let next = good.to_state(&keks(), 1).unwrap().stage(key(), NOW).unwrap();
    store.replace(4, &written(&next, 5)).unwrap();
    publisher.look();
    assert_eq!(kids(&publisher).len(), 2);
    assert!(publisher.failing.is_none());
}

#[test]
fn a_lost_store_leaves_the_published_set() {
    let Trial { store, mut publisher, folder } = trial();
    let before = kids(&publisher);
    drop(store);
    folder.close().unwrap();
    publisher.look();
    assert_eq!(kids(&publisher), before);
    assert!(publisher.failing.is_some() && publisher.published.failing());
}

/// A publisher of a store whose key-encryption key is in a file, with a high-water mark beside it.
fn marked() -> (tempfile::TempDir, Keeper, Publisher, Arc<TestClock>) {
    let first = state().upgrade(StoreId::generate().unwrap()).unwrap();
    let (folder, _, keeper) = sealed_in_file(&first);
    let keeper = keeper.with_mark(MarkFile::new(folder.path().join("mark")));
    let clock = Arc::new(TestClock::at(NOW));
    let publisher = Publisher::new(keeper.clone(), Arc::clone(&clock) as Arc<dyn Clock>).unwrap();
    (folder, keeper, publisher, clock)
}

fn failure(publisher: &Publisher) -> Option<&'static str> {
    publisher.published().failure().map(|failure| failure.code)
}

/// Whether a token would be signed now.
fn signs(publisher: &Publisher) -> bool {
    let published = publisher.published();
    published.is_current(&published.snapshot().unwrap(), publisher.clock.now())
}

#[test]
fn k2_a_restored_store_leaves_the_published_set_signs_nothing_and_is_taken_only_deliberately() {
    let (folder, keeper, mut publisher, clock) = marked();
    let path = folder.path().join("store.sqlite");
    publisher.look();
    let backup = std::fs::read(&path).unwrap();
    keeper.change(|state| Ok(Some(state.replace_all([key(), key()], NOW)?))).unwrap();
    publisher.look();
    let after = kids(&publisher);
    assert_eq!((failure(&publisher), signs(&publisher)), (None, true));

    std::fs::write(&path, &backup).unwrap();
    for _ in 0..4 {
        clock.advance(1);
        publisher.look();
    }
    assert_eq!((failure(&publisher), signs(&publisher)), (Some("store_rolled_back"), false));
    assert_eq!(kids(&publisher), after);
    // A process that starts now, and one that would change the store.
    let again = Publisher::new(keeper.clone(), Arc::clone(&publisher.clock)).unwrap_err();
    let change = keeper.change(|state| Ok(Some(state.stage(key(), NOW)?))).unwrap_err();
    assert_eq!((again.code(), change.code()), ("store_rolled_back", "store_rolled_back"));

    let (version, state) = keeper.accept_restored().unwrap().unwrap();
    assert_eq!((version, state.revoked().len()), (keeper.load().unwrap().0, 0));
    publisher.look();
    assert_eq!((failure(&publisher), signs(&publisher)), (None, true));
    assert!(after.iter().all(|kid| !kids(&publisher).contains(kid)));
    assert!(keeper.accept_restored().unwrap().is_none(), "it is not rolled back any more");
}

#[test]
fn k2_a_copy_that_was_changed_elsewhere_is_found_out_and_two_copies_can_be_told_apart() {
    let (folder, keeper, mut publisher, _clock) = marked();
    let copy = folder.path().join("copy.sqlite");
    std::fs::copy(folder.path().join("store.sqlite"), &copy).unwrap();
    let other = Arc::new(SqliteStore::open(&copy).unwrap());
    let stage = |state: &State| Ok(Some(state.stage(key(), NOW)?));
    // The copy has a mark of its own, as on another machine.
    let apart = Keeper::new(Arc::clone(&other) as Arc<dyn Store>, keeper.source().clone()).unwrap();
    let apart = apart.with_mark(MarkFile::new(folder.path().join("other mark")));
    apart.change(stage).unwrap();
    keeper.change(stage).unwrap();
    publisher.look();
    let theirs = Publisher::new(apart, Arc::clone(&publisher.clock)).unwrap();
    let [ours, theirs] = [&publisher, &theirs].map(|publisher| publisher.published().stamp().unwrap());
    assert_eq!((ours.store_id, ours.version), (theirs.store_id, theirs.version));
    assert_ne!(ours.digest, theirs.digest);
    // With the same mark, the second is refused.
    let same = Keeper::new(other, keeper.source().clone()).unwrap();
    let same = same.with_mark(MarkFile::new(folder.path().join("mark")));
    assert_eq!(same.load().unwrap_err().code(), "store_rolled_back");
}

#[test]
fn k2_a_mark_that_can_not_be_written_is_reported_and_tokens_are_signed_on() {
    let (folder, keeper, mut publisher, _clock) = marked();
    std::fs::remove_file(folder.path().join("mark")).unwrap();
    std::fs::create_dir(folder.path().join("mark.draft")).unwrap();
    keeper.change(|state| Ok(Some(state.stage(key(), NOW)?))).unwrap();
    publisher.look();
    assert_eq!((failure(&publisher), signs(&publisher)), (Some("store_mark"), true));
    std::fs::remove_dir(folder.path().join("mark.draft")).unwrap();
    publisher.look();
    assert_eq!(failure(&publisher), None);
}

#[test]
fn k3_a_clock_that_jumps_changes_no_key_signs_nothing_and_is_reported() {
    for (by, code) in [(315_360_000, "clock_ahead"), (-400 * 86_400, "clock_behind")] {
        let (_folder, keeper, mut publisher, clock) = marked();
        publisher.look();
        let before = (keeper.version().unwrap(), kids(&publisher));
        clock.set(NOW.saturating_add_signed(by));
        assert!(!signs(&publisher), "not even before the next look");
        publisher.look();
        assert_eq!((failure(&publisher), signs(&publisher)), (Some(code), false));
        assert_eq!((keeper.version().unwrap(), kids(&publisher)), before);
        clock.set(NOW);
        publisher.look();
        assert_eq!((failure(&publisher), signs(&publisher)), (None, true));
        assert_eq!((keeper.version().unwrap(), kids(&publisher)), before);
    }
}

#[test]
fn k3_a_start_with_a_clock_behind_the_store_changes_no_key_and_is_reported() {
    let (_folder, keeper, _, _) = marked();
    let before = keeper.version().unwrap();
    let mut publisher = Publisher::new(keeper.clone(), Arc::new(TestClock::at(NOW - 400 * 86_400))).unwrap();
    publisher.look();
    assert_eq!((failure(&publisher), keeper.version().unwrap()), (Some("clock_behind"), before));
}

#[test]
fn k10_another_key_encryption_key_under_a_running_server_is_reported_within_a_minute() {
    let (folder, _, mut publisher, clock) = marked();
    publisher.look();
    let path = folder.path().join("kek");
    let good = std::fs::read(&path).unwrap();
    let other = Keks::generate().unwrap().to_text();
    for (text, code) in [(other.as_bytes(), "kek_other"), (b"nonsense", "kek_malformed")] {
        std::fs::write(&path, text).unwrap();
        clock.advance(59);
        publisher.look();
        assert_eq!(failure(&publisher), None);
        clock.advance(1);
        publisher.look();
        assert_eq!((failure(&publisher), signs(&publisher)), (Some(code), true));
        std::fs::write(&path, &good).unwrap();
        publisher.look();
        assert_eq!(failure(&publisher), None, "{code}: it is right again");
    }
}

#[test]
fn without_a_first_set_there_is_no_publisher() {
    let Trial { store, publisher, folder: _folder } = trial();
    store.replace(1, &Document::from_bytes(vec![])).unwrap();
    let error = Publisher::new(publisher.keeper.clone(), Arc::new(TestClock::at(NOW))).unwrap_err();
    assert_eq!(error.code(), "document_damaged");
}
