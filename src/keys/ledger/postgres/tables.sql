-- The ledger in PostgreSQL. Times are Unix seconds; lists have one word a line; secrets are stored as SHA-256.
CREATE TABLE IF NOT EXISTS jotgate.meta (
  id BIGINT PRIMARY KEY CHECK (id = 1),
  store_id TEXT NOT NULL,
  epoch BIGINT NOT NULL,
  timeline BIGINT NOT NULL,
  synchronous BOOLEAN NOT NULL
);

-- The count of changes in parts, so that two changes at once need not wait for each other.
CREATE TABLE IF NOT EXISTS jotgate.changes (
  shard BIGINT PRIMARY KEY,
  count BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS jotgate.users (
  subject TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL UNIQUE,
  password TEXT NOT NULL,
  disabled BOOLEAN NOT NULL,
  created BIGINT NOT NULL,
  roles TEXT NOT NULL,
  permissions TEXT NOT NULL,
  failures BIGINT NOT NULL DEFAULT 0,
  last_failure BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE IF NOT EXISTS jotgate.sessions (
  hash BYTEA PRIMARY KEY,
  subject TEXT NOT NULL REFERENCES jotgate.users ON DELETE CASCADE,
  authenticated BIGINT NOT NULL,
  methods TEXT NOT NULL,
  last_seen BIGINT NOT NULL,
  epoch BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS sessions_of_a_user ON jotgate.sessions (subject);
CREATE INDEX IF NOT EXISTS sessions_by_use ON jotgate.sessions (last_seen);

CREATE TABLE IF NOT EXISTS jotgate.consents (
  subject TEXT NOT NULL REFERENCES jotgate.users ON DELETE CASCADE,
  client TEXT NOT NULL,
  scopes TEXT NOT NULL,
  audiences TEXT NOT NULL,
  given BIGINT NOT NULL,
  PRIMARY KEY (subject, client)
);

-- A grant, and the two refresh tokens that it knows: the one that is valid and the one before it.
CREATE TABLE IF NOT EXISTS jotgate.grants (
  id BYTEA PRIMARY KEY,
  subject TEXT NOT NULL REFERENCES jotgate.users ON DELETE CASCADE,
  client TEXT NOT NULL,
  scopes TEXT NOT NULL,
  audiences TEXT NOT NULL,
  offline BOOLEAN NOT NULL,
  authenticated BIGINT NOT NULL,
  acr TEXT NOT NULL,
  methods TEXT NOT NULL,
  jkt TEXT,
  created BIGINT NOT NULL,
  ended BIGINT,
  epoch BIGINT NOT NULL,
  generation BIGINT NOT NULL DEFAULT 0,
  valid BYTEA,
  before BYTEA,
  derived_by TEXT,
  rotated BIGINT NOT NULL DEFAULT 0,
  repeats BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS grants_of_a_user ON jotgate.grants (subject);
CREATE INDEX IF NOT EXISTS grants_by_age ON jotgate.grants (created);

CREATE TABLE IF NOT EXISTS jotgate.codes (
  hash BYTEA PRIMARY KEY,
  grant_id BYTEA NOT NULL REFERENCES jotgate.grants ON DELETE CASCADE,
  redirect_uri TEXT,
  challenge TEXT,
  expires BIGINT NOT NULL,
  used BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX IF NOT EXISTS codes_of_a_grant ON jotgate.codes (grant_id);

CREATE TABLE IF NOT EXISTS jotgate.once (
  hash BYTEA PRIMARY KEY,
  until BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS once_by_end ON jotgate.once (until);

CREATE TABLE IF NOT EXISTS jotgate.browsers (
  hash BYTEA NOT NULL,
  subject TEXT NOT NULL REFERENCES jotgate.users ON DELETE CASCADE,
  failures BIGINT NOT NULL,
  used BIGINT NOT NULL,
  PRIMARY KEY (hash, subject)
);
CREATE INDEX IF NOT EXISTS browsers_of_a_user ON jotgate.browsers (subject);
CREATE INDEX IF NOT EXISTS browsers_by_use ON jotgate.browsers (used);

-- A device that waits for a person to enter its code. `answer` is NULL until then.
CREATE TABLE IF NOT EXISTS jotgate.devices (
  hash BYTEA PRIMARY KEY,
  user_code TEXT NOT NULL UNIQUE,
  client TEXT NOT NULL,
  scopes TEXT NOT NULL,
  audiences TEXT NOT NULL,
  offline BOOLEAN NOT NULL,
  jkt TEXT,
  created BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  poll_interval BIGINT NOT NULL,
  polled BIGINT NOT NULL DEFAULT 0,
  answer BOOLEAN,
  grant_id BYTEA NOT NULL,
  epoch BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS devices_by_end ON jotgate.devices (expires);

-- What a person is called by others. A person without a row has no such claims.
CREATE TABLE IF NOT EXISTS jotgate.profiles (
  subject TEXT PRIMARY KEY REFERENCES jotgate.users ON DELETE CASCADE,
  full_name TEXT,
  email TEXT,
  email_verified BOOLEAN NOT NULL
);

-- What ID tokens of a grant say besides what the grant says.
CREATE TABLE IF NOT EXISTS jotgate.openid_grants (
  grant_id BYTEA PRIMARY KEY REFERENCES jotgate.grants ON DELETE CASCADE,
  nonce TEXT,
  sid TEXT
);
