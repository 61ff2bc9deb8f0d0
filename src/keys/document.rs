//! A state enters, the bytes that a store keeps leave; and back, with every doubt refused.
//!
//! The bytes are the SHA-256 of the rest in hexadecimal, a line feed, and JSON. The digest finds damage; it is no seal.
//!
//! **Where sealing goes in.** Private keys leave the process here and nowhere else, in [`StoredPrivateKey`]. Its one
//! variant is the plain PKCS#8 document, protected by the file's mode alone. Encryption at rest adds a variant
//! `sealed` beside it and a key-encryption key as an argument of [`Document::from_state`] and [`Document::to_state`],
//! which know what has to be bound in: `kid`, ring and, from the caller, version. Stores, which see bytes alone, and
//! documents with plain keys stay as they are.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use base64ct::{Base64UrlUnpadded, Encoding};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    Issuer, IssuerRefusal, Key, KeyPair, KeyPairError, Phase, Ring, Settings, SettingsRefusal,
    SigningAlgorithm, State, StateError,
};

/// What a store keeps: one state as bytes, private keys among them. Wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Document(Zeroizing<Vec<u8>>);

/// Why bytes are no state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DocumentError {
    /// The digest does not fit the rest, or is not there.
    Damaged,
    /// The JSON library failed, which it has no reason to.
    NotWritten,
    /// Whole, and written by a version of this program that says more than this one understands.
    UnknownFormat {
        /// What the document says it is; `None` where even that could not be read.
        format: Option<u32>,
    },
    /// The name of an algorithm that this program does not sign with.
    UnknownAlgorithm,
    /// A private key whose identifier is another's.
    KidMismatch {
        /// What the document says.
        stored: String,
        /// The key's thumbprint.
        computed: String,
    },
    /// A private key that could not be read.
    KeyPair(KeyPairError),
    /// An issuer that is none.
    Issuer(IssuerRefusal),
    /// A setting out of bounds.
    Settings(SettingsRefusal),
    /// Keys that make no state.
    State(StateError),
}

/// The format that is written, and the only one that is read.
const FORMAT: u32 = 1;
/// The hexadecimal digest and the line feed.
const DIGEST_BYTES: usize = 64;
/// More than a key takes, so that the JSON grows in place and leaves no copy of a private key behind.
const BYTES_PER_KEY: usize = 2048;

// Unknown members are refused throughout: an older program would drop them with its next change.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredState<'a> {
    format: u32,
    issuer: String,
    settings: StoredSettings,
    #[serde(borrow)]
    rings: Vec<StoredRing<'a>>,
}

#[derive(Deserialize)]
struct StoredFormat {
    format: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredSettings {
    max_age: u64,
    longest_life: u64,
    replica_delay: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredRing<'a> {
    algorithm: &'a str,
    #[serde(borrow)]
    keys: Vec<StoredKey<'a>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredKey<'a> {
    kid: &'a str,
    #[serde(borrow)]
    private: StoredPrivateKey<'a>,
    created: u64,
    published: u64,
    longest_life: u64,
    phase: StoredPhase,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StoredPrivateKey<'a> {
    /// The PKCS#8 document in base64url, in the clear.
    #[serde(borrow)]
    Plain(StoredText<'a>),
}

/// Text that is wiped where it is owned, and borrowed from wiped bytes where it is not.
enum StoredText<'a> {
    Owned(Zeroizing<String>),
    Borrowed(&'a str),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum StoredPhase {
    Staged,
    Signing { since: u64 },
    Retiring { since: u64, until: u64 },
}

impl Document {
    /// Takes bytes as a store gives them; nothing is believed yet.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, for a store to keep.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Writes a state down.
    ///
    /// # Errors
    /// [`DocumentError::NotWritten`].
    pub fn from_state(state: &State) -> Result<Self, DocumentError> {
        let stored = StoredState {
            format: FORMAT,
            issuer: state.issuer().as_str().to_owned(),
            settings: StoredSettings {
                max_age: state.settings().max_age(),
                longest_life: state.settings().longest_life(),
                replica_delay: state.settings().replica_delay(),
            },
            rings: state.rings().iter().map(StoredRing::from_ring).collect(),
        };
        let mut json = Zeroizing::new(Vec::with_capacity(BYTES_PER_KEY * (1 + state.keys().count())));
        serde_json::to_writer(&mut *json, &stored).map_err(|_| DocumentError::NotWritten)?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(DIGEST_BYTES + 1 + json.len()));
        bytes.extend_from_slice(hex_digest(&json).as_bytes());
        bytes.push(b'\n');
        bytes.extend_from_slice(&json);
        Ok(Self(bytes))
    }

    /// Reads a state, checking the digest, every key against its identifier, and the invariant of [`State`].
    ///
    /// # Errors
    /// Any [`DocumentError`].
    pub fn to_state(&self) -> Result<State, DocumentError> {
        let (digest, rest) = self.0.split_at_checked(DIGEST_BYTES).ok_or(DocumentError::Damaged)?;
        let json = rest.strip_prefix(b"\n").ok_or(DocumentError::Damaged)?;
        if digest != hex_digest(json).as_bytes() {
            return Err(DocumentError::Damaged);
        }
        let stored: StoredState<'_> = serde_json::from_slice(json).map_err(|_| {
            let format = serde_json::from_slice(json).map(|StoredFormat { format }| format).ok();
            DocumentError::UnknownFormat { format }
        })?;
        if stored.format != FORMAT {
            return Err(DocumentError::UnknownFormat { format: Some(stored.format) });
        }
        let issuer: Issuer = stored.issuer.parse().map_err(DocumentError::Issuer)?;
        let StoredSettings { max_age, longest_life, replica_delay } = stored.settings;
        let settings =
            Settings::new(max_age, longest_life, replica_delay).map_err(DocumentError::Settings)?;
        let rings = stored.rings.into_iter().map(StoredRing::into_ring).collect::<Result<_, _>>()?;
        State::from_parts(issuer, settings, rings).map_err(DocumentError::State)
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document").field("bytes", &self.0.len()).finish()
    }
}

impl<'a> StoredRing<'a> {
    fn from_ring(ring: &'a Ring) -> Self {
        Self {
            algorithm: ring.algorithm().name(),
            keys: ring.keys().iter().map(StoredKey::from_key).collect(),
        }
    }

    fn into_ring(self) -> Result<Ring, DocumentError> {
        let algorithm = SigningAlgorithm::from_name(self.algorithm).ok_or(DocumentError::UnknownAlgorithm)?;
        let keys = self.keys.into_iter().map(|key| key.into_key(algorithm)).collect::<Result<_, _>>()?;
        Ok(Ring::from_parts(algorithm, keys))
    }
}

impl<'a> StoredKey<'a> {
    fn from_key(key: &'a Key) -> Self {
        let text = Zeroizing::new(Base64UrlUnpadded::encode_string(key.pair.pkcs8()));
        Self {
            kid: key.kid(),
            private: StoredPrivateKey::Plain(StoredText::Owned(text)),
            created: key.created,
            published: key.published,
            longest_life: key.longest_life,
            phase: match key.phase {
                Phase::Staged => StoredPhase::Staged,
                Phase::Signing { since } => StoredPhase::Signing { since },
                Phase::Retiring { since, until } => StoredPhase::Retiring { since, until },
            },
        }
    }

    fn into_key(self, algorithm: SigningAlgorithm) -> Result<Key, DocumentError> {
        let StoredPrivateKey::Plain(text) = self.private;
        let rejected = DocumentError::KeyPair(KeyPairError::Rejected { algorithm });
        let der = Zeroizing::new(Base64UrlUnpadded::decode_vec(text.as_str()).map_err(|_| rejected)?);
        let pair = KeyPair::from_pkcs8(algorithm, &der).map_err(DocumentError::KeyPair)?;
        if pair.kid() != self.kid {
            let (stored, computed) = (self.kid.to_owned(), pair.kid().to_owned());
            return Err(DocumentError::KidMismatch { stored, computed });
        }
        Ok(Key {
            pair: Arc::new(pair),
            created: self.created,
            published: self.published,
            longest_life: self.longest_life,
            phase: match self.phase {
                StoredPhase::Staged => Phase::Staged,
                StoredPhase::Signing { since } => Phase::Signing { since },
                StoredPhase::Retiring { since, until } => Phase::Retiring { since, until },
            },
        })
    }
}

impl StoredText<'_> {
    fn as_str(&self) -> &str {
        match self {
            Self::Owned(text) => text,
            Self::Borrowed(text) => text,
        }
    }
}

impl Serialize for StoredText<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for StoredText<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&str>::deserialize(deserializer).map(Self::Borrowed)
    }
}

impl DocumentError {
    /// The stable code: what a program compares.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Damaged => "document_damaged",
            Self::NotWritten => "document_not_written",
            Self::UnknownFormat { .. } => "document_unknown_format",
            Self::UnknownAlgorithm => "document_unknown_algorithm",
            Self::KidMismatch { .. } => "document_kid_mismatch",
            Self::KeyPair(error) => error.code(),
            Self::Issuer(refusal) => refusal.code(),
            Self::Settings(refusal) => refusal.code(),
            Self::State(error) => error.code(),
        }
    }
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged => f.write_str("the document is damaged: its digest does not fit"),
            Self::NotWritten => f.write_str("the document could not be written"),
            Self::UnknownFormat { format: Some(format) } => {
                write!(f, "the document of format {format} has members that this version does not know")
            }
            Self::UnknownFormat { format: None } => f.write_str("the document is of no known format"),
            Self::UnknownAlgorithm => {
                f.write_str("a ring is of an algorithm that this version does not know")
            }
            Self::KidMismatch { stored, computed } => {
                write!(f, "the private key of `{stored}` belongs to `{computed}`")
            }
            Self::KeyPair(error) => error.fmt(f),
            Self::Issuer(refusal) => refusal.fmt(f),
            Self::Settings(refusal) => refusal.fmt(f),
            Self::State(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for DocumentError {}

fn hex_digest(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    digest(&SHA256, bytes).as_ref().iter().fold(String::with_capacity(DIGEST_BYTES), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_keys::{NOW, key, state};

    /// A document with that JSON and the digest that belongs to it.
    fn signed(json: &str) -> Document {
        Document::from_bytes(format!("{}\n{json}", hex_digest(json.as_bytes())).into_bytes())
    }

    fn json_of(document: &Document) -> String {
        String::from_utf8(document.as_bytes()[DIGEST_BYTES + 1..].to_vec()).unwrap()
    }

    /// One retiring, one signing and one staged key.
    fn three_phases() -> State {
        let (two, three) = (key(), key());
        let state = state().stage(Arc::clone(&two), NOW + 1).unwrap().promote(two.kid(), NOW + 9).unwrap();
        state.stage(three, NOW + 10).unwrap()
    }

    #[test]
    fn a_state_comes_back_whole() {
        let state = three_phases();
        let again = Document::from_state(&state).unwrap().to_state().unwrap();
        assert_eq!(again.issuer(), state.issuer());
        assert_eq!(again.settings(), state.settings());
        assert_eq!(again.keys().count(), 3);
        for (read, written) in again.keys().zip(state.keys()) {
            assert_eq!(read.kid(), written.kid());
            assert_eq!(
                (read.created, read.published, read.longest_life, read.phase),
                (written.created, written.published, written.longest_life, written.phase)
            );
        }
        assert_eq!(Document::from_state(&again).unwrap(), Document::from_state(&state).unwrap());
    }

    #[test]
    fn a_document_cut_or_changed_anywhere_is_damaged() {
        let document = Document::from_state(&state()).unwrap();
        for place in 0..document.as_bytes().len() {
            let cut = Document::from_bytes(document.as_bytes()[..place].to_vec());
            assert_eq!(cut.to_state().unwrap_err(), DocumentError::Damaged, "cut at {place}");
            let mut changed = document.as_bytes().to_vec();
            changed[place] ^= 1;
            let refusal = Document::from_bytes(changed).to_state().unwrap_err();
            assert_eq!(refusal, DocumentError::Damaged, "changed at {place}");
        }
    }

    #[test]
    fn what_a_newer_version_wrote_is_refused_and_never_half_read() {
        let json = json_of(&Document::from_state(&state()).unwrap());
        for (from, to, format) in [
            (r#""format":1"#, r#""format":2"#, Some(2)),
            (r#""format":1"#, r#""format":1,"clients":[]"#, Some(1)),
            (r#""created""#, r#""alarm":0,"created""#, Some(1)),
            (r#"{"plain":"#, r#"{"sealed":"#, Some(1)),
            (r#""format":1,"#, "", None),
        ] {
            let newer = json.replace(from, to);
            assert_ne!(newer, json);
            let refusal = signed(&newer).to_state().unwrap_err();
            assert_eq!(refusal, DocumentError::UnknownFormat { format }, "{to}");
        }
    }

    #[test]
    fn a_key_under_another_keys_identifier_is_refused() {
        let state = state();
        let (kid, other) = (state.rings()[0].keys()[0].kid().to_owned(), key().kid().to_owned());
        let json = json_of(&Document::from_state(&state).unwrap()).replace(&kid, &other);
        let refusal = signed(&json).to_state().unwrap_err();
        assert_eq!(refusal, DocumentError::KidMismatch { stored: other, computed: kid });
    }

    #[test]
    fn values_that_make_no_state_are_refused_by_their_own_codes() {
        let json = json_of(&Document::from_state(&state()).unwrap());
        let phase = format!(r#"{{"signing":{{"since":{NOW}}}}}"#);
        for (from, to, code) in [
            ("https://issuer.example", "http://issuer.example", "issuer_insecure"),
            (r#""max_age":300"#, r#""max_age":0"#, "setting_out_of_bounds"),
            (r#""algorithm":"ES256""#, r#""algorithm":"none""#, "document_unknown_algorithm"),
            (r#"{"plain":""#, r#"{"plain":"A"#, "key_rejected"),
            (phase.as_str(), r#""staged""#, "state_not_one_signer"),
        ] {
            let changed = json.replace(from, to);
            assert_ne!(changed, json, "{from}");
            assert_eq!(signed(&changed).to_state().unwrap_err().code(), code);
        }
    }

    #[test]
    fn debug_output_and_errors_show_no_content() {
        let document = Document::from_state(&state()).unwrap();
        assert_eq!(format!("{document:?}"), format!("Document {{ bytes: {} }}", document.as_bytes().len()));
    }
}
