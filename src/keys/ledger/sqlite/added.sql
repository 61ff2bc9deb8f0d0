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
