-- Tables that ledgers of earlier versions lack. Each server makes them at its start; earlier versions ignore them.
CREATE TABLE IF NOT EXISTS browsers (
  hash BLOB NOT NULL,
  subject TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  failures INTEGER NOT NULL,
  used INTEGER NOT NULL,
  PRIMARY KEY (hash, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS browsers_of_a_user ON browsers (subject);
CREATE INDEX IF NOT EXISTS browsers_by_use ON browsers (used);

-- A device that waits for a person to enter its code. `answer` is NULL until then.
CREATE TABLE IF NOT EXISTS devices (
  hash BLOB PRIMARY KEY,
  user_code TEXT NOT NULL UNIQUE,
  client TEXT NOT NULL,
  scopes TEXT NOT NULL,
  audiences TEXT NOT NULL,
  offline INTEGER NOT NULL,
  jkt TEXT,
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  poll_interval INTEGER NOT NULL,
  polled INTEGER NOT NULL DEFAULT 0,
  answer INTEGER,
  grant_id BLOB NOT NULL,
  epoch INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS devices_by_end ON devices (expires);

-- What a person is called by others. A person without a row has no such claims.
CREATE TABLE IF NOT EXISTS profiles (
  subject TEXT PRIMARY KEY REFERENCES users ON DELETE CASCADE,
  full_name TEXT,
  email TEXT,
  email_verified INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What ID tokens of a grant say besides what the grant says.
CREATE TABLE IF NOT EXISTS openid_grants (
  grant_id BLOB PRIMARY KEY REFERENCES grants ON DELETE CASCADE,
  nonce TEXT,
  sid TEXT
) STRICT, WITHOUT ROWID;
