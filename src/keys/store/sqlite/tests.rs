use super::*;
use crate::store::store_suite::{self, Subject, document};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("of its own").join("store.sqlite")
    }
}

impl Subject for Folder {
    fn create(&self, first: &Document) {
        SqliteStore::create(&self.path(), first).unwrap();
    }

    fn open(&self) -> Box<dyn Store> {
        Box::new(SqliteStore::open(&self.path()).unwrap())
    }
}

fn made() -> (Folder, PathBuf) {
    let folder = Folder::new();
    folder.create(&document("first"));
    let path = folder.path();
    (folder, path)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn it_does_what_every_store_must_do() {
    store_suite::run(Folder::new);
}

#[test]
fn a_new_store_is_one_file_of_mode_0600_in_a_folder_of_mode_0700() {
    let (_folder, path) = made();
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(folder_of(&path)), 0o700);
    assert_eq!(fs::read_dir(folder_of(&path)).unwrap().count(), 1);
    assert_eq!(fs::metadata(&path).unwrap().nlink(), 1);
}

#[test]
fn the_journal_of_a_change_is_as_closed_as_the_store() {
    let (_folder, path) = made();
    let store = SqliteStore::open(&path).unwrap();
    let mut connection = store.connection.lock().unwrap();
    let transaction = Transaction::new(&mut connection, TransactionBehavior::Immediate).unwrap();
    transaction.execute("UPDATE document SET version = 2", []).unwrap();
    assert_eq!(mode(&path.with_file_name("store.sqlite-journal")), 0o600);
}

#[test]
fn every_connection_synchronises_fully() {
    let (_folder, path) = made();
    let store = SqliteStore::open(&path).unwrap();
    let connection = store.connection.lock().unwrap();
    let synchronous: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap();
    assert!(synchronous >= 2, "FULL is 2, EXTRA is 3");
}

#[test]
fn a_store_in_wal_mode_is_refused_for_it_is_more_than_one_file() {
    let (_folder, path) = made();
    let other = Connection::open(&path).unwrap();
    other.pragma_update(None, "journal_mode", "wal").unwrap();
    drop(other);
    assert_eq!(SqliteStore::open(&path).unwrap_err().code(), "store_unavailable");
}

#[test]
fn nothing_is_made_where_there_is_no_store() {
    let folder = Folder::new();
    let path = folder.path();
    assert_eq!(SqliteStore::open(&path).unwrap_err(), StoreError::Missing { path: path.clone() });
    assert!(!folder_of(&path).exists());
}

#[test]
fn whatever_is_there_already_is_left_as_it_is() {
    let (_folder, path) = made();
    let before = fs::read(&path).unwrap();
    let refusal = SqliteStore::create(&path, &document("other")).unwrap_err();
    assert_eq!(refusal, StoreError::AlreadyExists { path: path.clone() });
    assert_eq!(fs::read(&path).unwrap(), before);
    let dangling = path.with_file_name("link");
    std::os::unix::fs::symlink("nowhere", &dangling).unwrap();
    assert_eq!(
        SqliteStore::create(&dangling, &document("other")).unwrap_err().code(),
        "store_already_exists"
    );
}

#[test]
fn of_many_that_create_at_once_exactly_one_does() {
    let folder = Folder::new();
    let path = folder.path();
    let made: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|n| {
                let (path, first) = (&path, document(&n.to_string()));
                scope.spawn(move || SqliteStore::create(path, &first))
            })
            .collect();
        threads.into_iter().map(|thread| usize::from(thread.join().unwrap().is_ok())).sum()
    });
    assert_eq!(made, 1);
    assert_eq!(SqliteStore::open(&path).unwrap().version(), Ok(1));
    assert_eq!(fs::read_dir(folder_of(&path)).unwrap().count(), 1, "no draft is left");
}

#[test]
fn what_a_killed_process_left_behind_goes_with_the_next_store_or_with_its_opening() {
    let folder = Folder::new();
    let path = folder.path();
    SqliteStore::prepare(&path).unwrap();
    let left = ["store.sqlite.draft", "store.sqlite.draft-journal"].map(|name| path.with_file_name(name));
    left.iter().for_each(|left| fs::write(left, "half a store").unwrap());
    folder.create(&document("first"));
    assert!(left.iter().all(|left| !left.exists()));
    // Killed when the store had its name, and the draft still had its own.
    fs::hard_link(&path, &left[0]).unwrap();
    assert_eq!(SqliteStore::open(&path).unwrap().load(), Ok((1, document("first"))));
    assert!(!left[0].exists());
    fs::write(&left[0], "another file").unwrap();
    SqliteStore::open(&path).unwrap();
    assert!(left[0].exists(), "that is no name of the store");
}

#[test]
fn a_file_that_others_may_use_is_refused() {
    let (_folder, path) = made();
    for mode in [0o640, 0o604, 0o660, 0o610] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let refusal = SqliteStore::open(&path).unwrap_err();
        assert_eq!(refusal, StoreError::Exposed { path: path.clone(), mode });
    }
}

#[test]
fn k14_a_folder_that_others_may_write_is_refused() {
    let (_folder, path) = made();
    let folder = folder_of(&path);
    for mode in [0o777, 0o1777, 0o770, 0o720, 0o702] {
        fs::set_permissions(folder, fs::Permissions::from_mode(mode)).unwrap();
        let refusal = StoreError::ExposedFolder { path: folder.to_owned(), mode };
        assert_eq!(SqliteStore::open(&path).unwrap_err(), refusal);
        assert_eq!(SqliteStore::create(&folder.join("other"), &document("other")).unwrap_err(), refusal);
    }
    for mode in [0o700, 0o755] {
        fs::set_permissions(folder, fs::Permissions::from_mode(mode)).unwrap();
        SqliteStore::open(&path).unwrap();
    }
}

#[test]
fn a_file_cut_anywhere_is_refused_or_lacks_nothing_and_is_not_touched() {
    let (_folder, path) = made();
    let mut state = crate::test_keys::state();
    for round in 1..=20 {
        let (successor, now) = (crate::test_keys::key(), crate::test_keys::NOW + 1000 * round);
        state = state.stage(std::sync::Arc::clone(&successor), now).unwrap();
        state = state.promote(successor.kid(), now + crate::test_keys::GATE).unwrap();
    }
    let written = crate::test_keys::written(&state, 2);
    SqliteStore::open(&path).unwrap().replace(1, &written).unwrap();
    let whole = fs::read(&path).unwrap();
    let mut harmless = 0;
    for length in (0..whole.len()).step_by(61) {
        fs::write(&path, &whole[..length]).unwrap();
        match SqliteStore::open(&path).and_then(|store| store.load()) {
            Err(StoreError::NotAStore { .. } | StoreError::Damaged { .. }) => {}
            Err(other) => panic!("{length} bytes: {other}"),
            // SQLite fills the rest of the last page with zeros: what was cut off there, the digest misses.
            Ok((_, read)) if read != written => {
                assert_eq!(
                    read.to_state(&crate::test_keys::keks(), 2).unwrap_err().code(),
                    "document_damaged"
                )
            }
            Ok(_) => harmless += 1,
        }
        assert_eq!(fs::read(&path).unwrap(), whole[..length]);
    }
    assert!(harmless <= 4096 / 61 + 1, "only the unused end of the last page is of no worth");
}

#[test]
fn other_files_are_not_stores() {
    let (_folder, path) = made();
    fs::write(&path, "this is a text file, and a longer one than a header of SQLite would be".repeat(9))
        .unwrap();
    assert_eq!(SqliteStore::open(&path).unwrap_err(), StoreError::NotAStore { path: path.clone() });
    fs::remove_file(&path).unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE document (id, version, bytes)").unwrap();
    drop(other);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(SqliteStore::open(&path).unwrap_err(), StoreError::NotAStore { path: path.clone() });
    let folder = folder_of(&path).to_owned();
    assert_eq!(SqliteStore::open(&folder).unwrap_err(), StoreError::NotAStore { path: folder });
}

#[test]
fn a_store_that_was_emptied_is_damaged() {
    let (_folder, path) = made();
    for (statement, code) in
        [("DELETE FROM document", "store_damaged"), ("DROP TABLE document", "store_damaged")]
    {
        Connection::open(&path).unwrap().execute_batch(statement).unwrap();
        assert_eq!(SqliteStore::open(&path).unwrap_err().code(), code, "{statement}");
    }
}

#[test]
fn a_file_removed_or_replaced_while_open_is_lost_and_takes_no_change() {
    let (_folder, path) = made();
    let store = SqliteStore::open(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let lost = StoreError::Lost { path: path.clone() };
    assert_eq!(store.version().unwrap_err(), lost);
    assert_eq!(store.replace(1, &document("second")).unwrap_err(), lost);
    SqliteStore::create(&path, &document("other")).unwrap();
    assert_eq!(store.load().unwrap_err(), lost);
}

#[test]
fn nothing_of_an_overwritten_document_stays_in_the_file() {
    let (_folder, path) = made();
    let store = SqliteStore::open(&path).unwrap();
    let secret = "a private key that was replaced";
    store.replace(1, &document(&secret.repeat(500))).unwrap();
    store.replace(2, &document("third")).unwrap();
    let file = fs::read(&path).unwrap();
    assert!(!file.windows(secret.len()).any(|window| window == secret.as_bytes()));
}

#[test]
fn a_change_that_others_let_neither_begin_nor_be_committed_is_given_up_in_time_and_leaves_nothing() {
    let (_folder, path) = made();
    let store = SqliteStore::open(&path).unwrap();
    let other = Connection::open(&path).unwrap();
    // One who writes lets it not begin; one who reads lets it not be committed.
    for (hold, holder) in [("BEGIN IMMEDIATE", "writer"), ("BEGIN; SELECT * FROM document", "reader")] {
        other.execute_batch(hold).unwrap();
        let start = std::time::Instant::now();
        let refusal = store.replace(1, &document("second")).unwrap_err();
        assert_eq!(refusal, StoreError::Busy { path: path.clone() }, "{holder}");
        assert!(start.elapsed() < CHANGE_PATIENCE * 3, "{holder}: {:?}", start.elapsed());
        other.execute_batch("ROLLBACK").unwrap();
        assert_eq!(store.load(), Ok((1, document("first"))), "{holder}");
    }
    assert_eq!(store.replace(1, &document("second")), Ok(2));
}

#[test]
fn a_full_disk_is_an_error_and_the_document_stays() {
    let (_folder, path) = made();
    let store = SqliteStore::open(&path).unwrap();
    // The limit of pages fails in the same place and with the same code as a disk that is full.
    store.connection.lock().unwrap().pragma_update(None, "max_page_count", 3).unwrap();
    let refusal = store.replace(1, &Document::from_bytes(vec![7; 100_000])).unwrap_err();
    assert!(refusal.to_string().contains("full"), "{refusal}");
    assert_eq!(refusal.code(), "store_unavailable");
    assert_eq!(store.load(), Ok((1, document("first"))));
    assert_eq!(store.replace(1, &document("second")), Ok(2));
}
