//! A state enters, the bytes that a store keeps leave; and back, with every doubt refused.
//!
//! The bytes are two lines and JSON. The first line is the SHA-256 of the rest in hexadecimal: it finds damage. The second
//! is a seal over the JSON and the store's version, made with the key-encryption key: without that, nothing can be
//! altered. Private keys, which leave the process here and nowhere else, are sealed each for itself, bound to `kid`, ring
//! and version.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::{
    Client, Issuer, IssuerRefusal, KekError, Keks, Key, KeyPair, KeyPairError, Phase, Revoked, Ring,
    Settings, SettingsRefusal, SigningAlgorithm, State, StateError, Times, Version,
};

/// What a store keeps: one state as bytes, private keys among them, sealed.
#[derive(Clone, PartialEq, Eq)]
pub struct Document(Vec<u8>);

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
    /// A seal that could not be made or opened.
    Kek(KekError),
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
const FORMAT: u32 = 2;
/// The hexadecimal digest and the line feed.
const DIGEST_BYTES: usize = 64;
/// The longest second line.
const SEAL_BYTES: usize = 64;

// Unknown members are refused throughout: an older program would drop them with its next change.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredState<'a> {
    format: u32,
    /// Which key-encryption key opens it.
    sealed_with: &'a str,
    issuer: String,
    settings: Times,
    #[serde(borrow)]
    rings: Vec<StoredRing<'a>>,
    revoked: Vec<StoredRevoked<'a>>,
    clients: Vec<StoredClient>,
}

#[derive(Deserialize)]
struct StoredFormat {
    format: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredRevoked<'a> {
    kid: &'a str,
    algorithm: &'a str,
    at: u64,
    distrusted_from: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredClient {
    id: String,
    scopes: Vec<String>,
    audiences: Vec<String>,
    disabled: bool,
    created: u64,
    secret_sha256: [u8; 32],
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
    /// The PKCS#8 document, sealed.
    private: String,
    created: u64,
    published: u64,
    may_sign_from: u64,
    longest_life: u64,
    phase: StoredPhase,
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
        Self(bytes)
    }

    /// The bytes, for a store to keep.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Writes a state down, to be stored under that version.
    ///
    /// # Errors
    /// [`DocumentError::NotWritten`], [`DocumentError::Kek`].
    pub fn from_state(state: &State, keks: &Keks, version: Version) -> Result<Self, DocumentError> {
        let rings = state.rings().iter().map(|ring| StoredRing::from_ring(ring, keks, version));
        let stored = StoredState {
            format: FORMAT,
            sealed_with: keks.id(),
            issuer: state.issuer().as_str().to_owned(),
            settings: *state.settings().times(),
            rings: rings.collect::<Result<_, _>>()?,
            revoked: state.revoked().iter().map(StoredRevoked::from_revoked).collect(),
            clients: state.clients().iter().cloned().map(StoredClient::from_client).collect(),
        };
        let json = serde_json::to_vec(&stored).map_err(|_| DocumentError::NotWritten)?;
        let seal = keks.seal(&whole_place(version, &json), b"").map_err(DocumentError::Kek)?;
        let rest = [seal.as_bytes(), b"\n", &json].concat();
        Ok(Self([hex_digest(&rest).as_bytes(), b"\n", &rest].concat()))
    }

    /// Reads a state that was stored under that version, checking the digest, the seal, every key against its identifier, and the invariant of [`State`].
    ///
    /// # Errors
    /// Any [`DocumentError`].
    pub fn to_state(&self, keks: &Keks, version: Version) -> Result<State, DocumentError> {
        let (digest, rest) = self.0.split_at_checked(DIGEST_BYTES).ok_or(DocumentError::Damaged)?;
        let rest = rest.strip_prefix(b"\n").ok_or(DocumentError::Damaged)?;
        if digest != hex_digest(rest).as_bytes() {
            return Err(DocumentError::Damaged);
        }
        let end =
            rest.iter().take(SEAL_BYTES).position(|&byte| byte == b'\n').ok_or(DocumentError::Damaged)?;
        let (seal, json) = rest.split_at_checked(end).ok_or(DocumentError::Damaged)?;
        let seal = str::from_utf8(seal).map_err(|_| DocumentError::Damaged)?;
        let json = json.strip_prefix(b"\n").ok_or(DocumentError::Damaged)?;
        let stored: StoredState<'_> = serde_json::from_slice(json).map_err(|_| {
            let format = serde_json::from_slice(json).map(|StoredFormat { format }| format).ok();
            DocumentError::UnknownFormat { format }
        })?;
        if stored.format != FORMAT {
            return Err(DocumentError::UnknownFormat { format: Some(stored.format) });
        }
        let opened = keks.open(stored.sealed_with, &whole_place(version, json), seal);
        opened.map_err(DocumentError::Kek)?;
        let issuer: Issuer = stored.issuer.parse().map_err(DocumentError::Issuer)?;
        let settings = Settings::new(stored.settings).map_err(DocumentError::Settings)?;
        let rings = stored.rings.into_iter().map(|ring| ring.into_ring(keks, stored.sealed_with, version));
        let rings = rings.collect::<Result<_, _>>()?;
        let revoked = stored.revoked.into_iter().map(StoredRevoked::into_revoked);
        let revoked = revoked.collect::<Result<_, _>>()?;
        let clients = stored.clients.into_iter().map(StoredClient::into_client).collect();
        State::from_parts(issuer, settings, rings, revoked, clients).map_err(DocumentError::State)
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document").field("bytes", &self.0.len()).finish()
    }
}

impl<'a> StoredRing<'a> {
    fn from_ring(ring: &'a Ring, keks: &Keks, version: Version) -> Result<Self, DocumentError> {
        let keys = ring.keys().iter().map(|key| StoredKey::from_key(key, keks, version));
        Ok(Self { algorithm: ring.algorithm().name(), keys: keys.collect::<Result<_, _>>()? })
    }

    fn into_ring(self, keks: &Keks, sealed_with: &str, version: Version) -> Result<Ring, DocumentError> {
        let algorithm = algorithm_of(self.algorithm)?;
        let open = |key: &StoredKey<'_>| {
            let place = key_place(key.kid, algorithm, version);
            keks.open(sealed_with, &place, &key.private).map_err(DocumentError::Kek)
        };
        let keys = self.keys.into_iter().map(|key| open(&key).and_then(|der| key.into_key(algorithm, &der)));
        Ok(Ring::from_parts(algorithm, keys.collect::<Result<_, _>>()?))
    }
}

impl StoredClient {
    fn from_client(client: Client) -> Self {
        let Client { id, scopes, audiences, disabled, created, secret_hash: secret_sha256 } = client;
        Self { id, scopes, audiences, disabled, created, secret_sha256 }
    }

    fn into_client(self) -> Client {
        let Self { id, scopes, audiences, disabled, created, secret_sha256: secret_hash } = self;
        Client { id, scopes, audiences, disabled, created, secret_hash }
    }
}

impl<'a> StoredRevoked<'a> {
    fn from_revoked(Revoked { kid, algorithm, at, distrusted_from }: &'a Revoked) -> Self {
        Self { kid, algorithm: algorithm.name(), at: *at, distrusted_from: *distrusted_from }
    }

    fn into_revoked(self) -> Result<Revoked, DocumentError> {
        let Self { kid, algorithm, at, distrusted_from } = self;
        Ok(Revoked { kid: kid.to_owned(), algorithm: algorithm_of(algorithm)?, at, distrusted_from })
    }
}

impl<'a> StoredKey<'a> {
    fn from_key(key: &'a Key, keks: &Keks, version: Version) -> Result<Self, DocumentError> {
        let place = key_place(key.kid(), key.pair.algorithm(), version);
        Ok(Self {
            kid: key.kid(),
            private: keks.seal(&place, key.pair.pkcs8()).map_err(DocumentError::Kek)?,
            created: key.created,
            published: key.published,
            may_sign_from: key.may_sign_from,
            longest_life: key.longest_life,
            phase: match key.phase {
                Phase::Staged => StoredPhase::Staged,
                Phase::Signing { since } => StoredPhase::Signing { since },
                Phase::Retiring { since, until } => StoredPhase::Retiring { since, until },
            },
        })
    }

    fn into_key(self, algorithm: SigningAlgorithm, der: &[u8]) -> Result<Key, DocumentError> {
        let pair = KeyPair::from_pkcs8(algorithm, der).map_err(DocumentError::KeyPair)?;
        if pair.kid() != self.kid {
            let (stored, computed) = (self.kid.to_owned(), pair.kid().to_owned());
            return Err(DocumentError::KidMismatch { stored, computed });
        }
        Ok(Key {
            pair: Arc::new(pair),
            created: self.created,
            published: self.published,
            may_sign_from: self.may_sign_from,
            longest_life: self.longest_life,
            phase: match self.phase {
                StoredPhase::Staged => Phase::Staged,
                StoredPhase::Signing { since } => Phase::Signing { since },
                StoredPhase::Retiring { since, until } => Phase::Retiring { since, until },
            },
        })
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
            Self::Kek(error) => error.code(),
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
            Self::Kek(error) => error.fmt(f),
            Self::KeyPair(error) => error.fmt(f),
            Self::Issuer(refusal) => refusal.fmt(f),
            Self::Settings(refusal) => refusal.fmt(f),
            Self::State(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for DocumentError {}

/// What a private key is bound to.
fn key_place(kid: &str, algorithm: SigningAlgorithm, version: Version) -> Vec<u8> {
    format!("jotgate-keys private key\n{kid}\n{algorithm}\n{version}").into_bytes()
}

/// What the whole document is bound to.
fn whole_place(version: Version, json: &[u8]) -> Vec<u8> {
    [format!("jotgate-keys document\n{version}\n").as_bytes(), json].concat()
}

fn algorithm_of(name: &str) -> Result<SigningAlgorithm, DocumentError> {
    SigningAlgorithm::from_name(name).ok_or(DocumentError::UnknownAlgorithm)
}

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
    use crate::test_keys::{GATE, NOW, keks, key, key_for, state};

    /// A document with that JSON, and the seal and digest that belong to it.
    fn signed(json: &str) -> Document {
        let seal = keks().seal(&whole_place(1, json.as_bytes()), b"").unwrap();
        let rest = format!("{seal}\n{json}");
        Document::from_bytes(format!("{}\n{rest}", hex_digest(rest.as_bytes())).into_bytes())
    }

    fn json_of(document: &Document) -> String {
        String::from_utf8(document.as_bytes().to_vec()).unwrap().splitn(3, '\n').nth(2).unwrap().to_owned()
    }

    fn written(state: &State) -> Document {
        Document::from_state(state, &keks(), 1).unwrap()
    }

    fn read(document: &Document) -> Result<State, DocumentError> {
        document.to_state(&keks(), 1)
    }

    /// One retiring, one signing and one staged key, one that is revoked, and a second ring.
    fn everything() -> State {
        let (two, three, four) = (key(), key(), key());
        let state = state().stage(Arc::clone(&two), NOW + 1).unwrap().revoke(two.kid(), NOW + 2).unwrap();
        let state = state.stage(Arc::clone(&three), NOW + 3).unwrap();
        let state = state.promote(three.kid(), NOW + 3 + GATE).unwrap().stage(four, NOW + 999).unwrap();
        state.stage(key_for(SigningAlgorithm::EdDSA), NOW + 999).unwrap()
    }

    #[test]
    fn a_state_comes_back_whole() {
        let (client, secret) = Client::new("worker", Some("a b"), &["api".to_owned()], NOW).unwrap();
        let state = everything().add_client(client).unwrap().disable_client("worker").unwrap();
        assert!(!written(&state).as_bytes().windows(secret.len()).any(|window| window == secret.as_bytes()));
        let again = read(&written(&state)).unwrap();
        assert_eq!(again.issuer(), state.issuer());
        assert!(again.clients() == state.clients() && again.clients().len() == 1);
        assert_eq!(again.settings(), state.settings());
        assert_eq!((again.revoked().len(), again.revoked()), (1, state.revoked()));
        assert_eq!((again.rings().len(), again.keys().count()), (2, 4));
        for (read, written) in again.keys().zip(state.keys()) {
            assert_eq!(read.kid(), written.kid());
            assert_eq!(
                (read.created, read.published, read.may_sign_from, read.longest_life, read.phase),
                (
                    written.created,
                    written.published,
                    written.may_sign_from,
                    written.longest_life,
                    written.phase
                )
            );
        }
    }

    #[test]
    fn a_document_cut_or_changed_anywhere_is_damaged() {
        let document = written(&state());
        for place in 0..document.as_bytes().len() {
            let cut = Document::from_bytes(document.as_bytes()[..place].to_vec());
            assert_eq!(read(&cut).unwrap_err(), DocumentError::Damaged, "cut at {place}");
            let mut changed = document.as_bytes().to_vec();
            changed[place] ^= 1;
            let refusal = read(&Document::from_bytes(changed)).unwrap_err();
            assert_eq!(refusal, DocumentError::Damaged, "changed at {place}");
        }
    }

    #[test]
    fn what_a_newer_version_wrote_is_refused_and_never_half_read() {
        let json = json_of(&written(&state()));
        for (from, to, format) in [
            (r#""format":2"#, r#""format":3"#, Some(3)),
            (r#""format":2"#, r#""format":1"#, Some(1)),
            (r#""format":2"#, r#""format":2,"users":[]"#, Some(2)),
            (r#""created""#, r#""alarm":0,"created""#, Some(2)),
            (r#""private":"#, r#""plain":"#, Some(2)),
            (r#""format":2,"#, "", None),
        ] {
            let newer = json.replace(from, to);
            assert_ne!(newer, json);
            let refusal = read(&signed(&newer)).unwrap_err();
            assert_eq!(refusal, DocumentError::UnknownFormat { format }, "{to}");
        }
    }

    #[test]
    fn private_keys_are_bound_to_identifier_ring_and_version_and_do_not_show() {
        let (one, two) = (state(), key());
        let state = one.stage(Arc::clone(&two), NOW).unwrap();
        let json = json_of(&written(&state));
        let stored: serde_json::Value = serde_json::from_str(&json).unwrap();
        let sealed = |place: usize| stored["rings"][0]["keys"][place]["private"].as_str().unwrap().to_owned();
        let swapped =
            json.replace(&sealed(0), "first").replace(&sealed(1), &sealed(0)).replace("first", &sealed(1));
        assert_eq!(read(&signed(&swapped)).unwrap_err(), DocumentError::Kek(KekError::Altered));
        let ring = json.replace(r#""algorithm":"ES256""#, r#""algorithm":"ES384""#);
        assert_eq!(read(&signed(&ring)).unwrap_err(), DocumentError::Kek(KekError::Altered));
        let later = written(&state).to_state(&keks(), 2).unwrap_err();
        assert_eq!(later, DocumentError::Kek(KekError::Altered));
        for pair in [&two, &state.signer().unwrap().pair] {
            assert!(
                !written(&state)
                    .as_bytes()
                    .windows(32)
                    .any(|window| pair.pkcs8().windows(32).any(|w| w == window))
            );
        }
    }

    #[test]
    fn a_document_changed_by_somebody_without_the_key_is_refused_though_its_digest_fits() {
        let document = written(&state());
        let text = String::from_utf8(document.as_bytes().to_vec()).unwrap();
        let (_, rest) = text.split_once('\n').unwrap();
        let rest = rest.replace(r#""longest_life":1800"#, r#""longest_life":1801"#);
        let forged = format!("{}\n{rest}", hex_digest(rest.as_bytes()));
        let refusal = read(&Document::from_bytes(forged.into_bytes())).unwrap_err();
        assert_eq!(refusal, DocumentError::Kek(KekError::Altered));
    }

    #[test]
    fn a_document_of_another_key_encryption_key_is_refused_by_name() {
        let other = Keks::generate().unwrap();
        let refusal = written(&state()).to_state(&other, 1).unwrap_err();
        let (sealed_with, at_hand) = (keks().id().to_owned(), other.id().to_owned());
        assert_eq!(refusal, DocumentError::Kek(KekError::Other { sealed_with, at_hand }));
    }

    #[test]
    fn values_that_make_no_state_are_refused_by_their_own_codes() {
        let json = json_of(&written(&state()));
        let phase = format!(r#"{{"signing":{{"since":{NOW}}}}}"#);
        for (from, to, code) in [
            ("https://issuer.example", "http://issuer.example", "issuer_insecure"),
            (r#""max_age":300"#, r#""max_age":0"#, "setting_out_of_bounds"),
            (r#""max_age":300"#, r#""max_age":301"#, "settings_break_inequality"),
            (r#""algorithm":"ES256""#, r#""algorithm":"none""#, "document_unknown_algorithm"),
            (r#""private":""#, r#""private":"A"#, "kek_altered"),
            (phase.as_str(), r#""staged""#, "state_not_one_signer"),
        ] {
            let changed = json.replace(from, to);
            assert_ne!(changed, json, "{from}");
            assert_eq!(read(&signed(&changed)).unwrap_err().code(), code);
        }
    }

    #[test]
    fn debug_output_and_errors_show_no_content() {
        let document = written(&state());
        assert_eq!(format!("{document:?}"), format!("Document {{ bytes: {} }}", document.as_bytes().len()));
    }
}
