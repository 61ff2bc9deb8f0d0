-- The ledger. Times are Unix seconds; lists have one word a line; secrets are stored as SHA-256.
CREATE TABLE meta (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  store_id TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  changes INTEGER NOT NULL
) STRICT;

CREATE TABLE users (
  subject TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL UNIQUE,
  password TEXT NOT NULL,
  disabled INTEGER NOT NULL,
  created INTEGER NOT NULL,
  roles TEXT NOT NULL,
  permissions TEXT NOT NULL,
  failures INTEGER NOT NULL DEFAULT 0,
  last_failure INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
  hash BLOB PRIMARY KEY,
  subject TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  authenticated INTEGER NOT NULL,
  methods TEXT NOT NULL,
  last_seen INTEGER NOT NULL,
  epoch INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_of_a_user ON sessions (subject);
CREATE INDEX sessions_by_use ON sessions (last_seen);

CREATE TABLE consents (
  subject TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  client TEXT NOT NULL,
  scopes TEXT NOT NULL,
  audiences TEXT NOT NULL,
  given INTEGER NOT NULL,
  PRIMARY KEY (subject, client)
) STRICT, WITHOUT ROWID;

-- A grant, and the two refresh tokens that it knows: the one that is valid and the one before it.
CREATE TABLE grants (
  id BLOB PRIMARY KEY,
  subject TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  client TEXT NOT NULL,
  scopes TEXT NOT NULL,
  audiences TEXT NOT NULL,
  offline INTEGER NOT NULL,
  authenticated INTEGER NOT NULL,
  acr TEXT NOT NULL,
  methods TEXT NOT NULL,
  jkt TEXT,
  created INTEGER NOT NULL,
  ended INTEGER,
  epoch INTEGER NOT NULL,
  generation INTEGER NOT NULL DEFAULT 0,
  valid BLOB,
  before BLOB,
  derived_by TEXT,
  rotated INTEGER NOT NULL DEFAULT 0,
  repeats INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX grants_of_a_user ON grants (subject);
CREATE INDEX grants_by_age ON grants (created);

CREATE TABLE codes (
  hash BLOB PRIMARY KEY,
  grant_id BLOB NOT NULL REFERENCES grants ON DELETE CASCADE,
  redirect_uri TEXT,
  challenge TEXT,
  expires INTEGER NOT NULL,
  used INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX codes_of_a_grant ON codes (grant_id);

CREATE TABLE once (
  hash BLOB PRIMARY KEY,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX once_by_end ON once (until);
