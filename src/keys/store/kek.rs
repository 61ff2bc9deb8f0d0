//! The keys that encrypt private keys at rest: they seal bytes as text, and open it.
//!
//! Sealed with AES-256-GCM-SIV (RFC 8452), a random nonce each time: a repeated nonce reveals no more than that
//! two texts are the same.

use std::ffi::OsStr;
use std::fmt;
use std::path::PathBuf;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::digest::{SHA256, digest};
use base64ct::{Base64UrlUnpadded, Encoding};
use zeroize::Zeroizing;

use crate::RunningServer;

/// Key-encryption keys: the first seals, all of them open.
#[derive(Debug)]
pub struct Keks {
    first: Kek,
    others: Vec<Kek>,
}

struct Kek {
    /// Identifies a key and reveals nothing about it.
    id: String,
    secret: Zeroizing<Vec<u8>>,
    cipher: RandomizedNonceKey,
}

/// Why sealing or opening failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KekError {
    /// Not one or more keys of 32 bytes in base64url.
    Malformed,
    /// The file or the variable for the keys contains something else.
    NoKeys {
        /// The file or the variable, as people know it.
        place: String,
    },
    /// There is no file with the keys.
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The file with the keys can't be read.
    Unreadable {
        /// Where it is.
        path: PathBuf,
        /// What the system says.
        detail: String,
    },
    /// The system gave no randomness, or the library failed.
    NotSealed,
    /// The store is to be encrypted anew, and there is one key alone.
    NoNewKey,
    /// The store is to be encrypted anew, and it is encrypted with the first key already.
    InUse {
        /// The identifier of that key.
        id: String,
    },
    /// The store is to be encrypted with a key that other servers do not have, or do not have first.
    Elsewhere {
        /// The identifier of that key.
        id: String,
        /// The servers, as people know them.
        servers: Vec<String>,
        /// Whether they lack the key; else another one is before it.
        is_missing: bool,
    },
    /// Sealed with a key that is not at hand.
    Other {
        /// The identifier of the key that it was sealed with.
        sealed_with: String,
        /// The identifiers of the keys at hand.
        at_hand: String,
    },
    /// Altered, or put in the place of something else.
    Altered,
}

/// The length of a key in bytes.
const KEY_BYTES: usize = 32;
/// How many bytes of the hash name a key.
const ID_BYTES: usize = 8;

impl Keks {
    /// One new key.
    ///
    /// # Errors
    /// [`KekError::NotSealed`].
    pub fn generate() -> Result<Self, KekError> {
        let mut secret = Zeroizing::new(vec![0; KEY_BYTES]);
        getrandom::fill(&mut secret).map_err(|_| KekError::NotSealed)?;
        Ok(Self { first: Kek::new(secret)?, others: vec![] })
    }

    /// Reads keys: each of 32 bytes in base64url, separated by white space or commas.
    ///
    /// # Errors
    /// [`KekError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, KekError> {
        let words = text.split([' ', '\t', '\r', '\n', ',']).filter(|word| !word.is_empty());
        let read = |word| Base64UrlUnpadded::decode_vec(word).map_err(|_| KekError::Malformed);
        let mut keys = words.map(|word| Kek::new(Zeroizing::new(read(word)?)));
        let first = keys.next().ok_or(KekError::Malformed)??;
        Ok(Self { first, others: keys.collect::<Result<_, _>>()? })
    }

    /// Reads the keys of a variable of the environment, as [`Keks::parse`] does.
    ///
    /// # Errors
    /// [`KekError::NoKeys`] names the variable.
    pub fn from_variable(name: &str, value: &OsStr) -> Result<Self, KekError> {
        let parsed = value.to_str().ok_or(KekError::Malformed).and_then(Self::parse);
        parsed.map_err(|error| error.of(&format!("the variable {name}")))
    }

    /// The keys as [`Keks::parse`] reads them, one in a line.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(2 * KEY_BYTES * self.all().count()));
        for kek in self.all() {
            text.push_str(&Zeroizing::new(Base64UrlUnpadded::encode_string(&kek.secret)));
            text.push('\n');
        }
        text
    }

    /// These keys, with that one before them.
    ///
    /// # Errors
    /// [`KekError::NotSealed`].
    pub fn after(&self, new: &Self) -> Result<Self, KekError> {
        let again = |kek: &Kek| Kek::new(kek.secret.clone());
        let others = self.all().map(again).collect::<Result<_, _>>()?;
        Ok(Self { first: again(&new.first)?, others })
    }

    /// These keys, with that one before the others: it seals.
    ///
    /// # Errors
    /// [`KekError::Other`] if it is not one of them; [`KekError::NotSealed`].
    pub(super) fn led_by(&self, id: &str) -> Result<Self, KekError> {
        let again = |kek: &Kek| Kek::new(kek.secret.clone());
        let first = again(self.find(id)?)?;
        let others = self.all().filter(|kek| kek.id != id).map(again).collect::<Result<_, _>>()?;
        Ok(Self { first, others })
    }

    /// The identifiers of the keys, in their order.
    #[must_use]
    pub fn ids(&self) -> Vec<String> {
        self.all().map(|kek| kek.id.clone()).collect()
    }

    /// The identifier of the key that seals.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.first.id
    }

    /// Seals `plain`, bound to `place`, with the first key.
    pub(crate) fn seal(&self, place: &[u8], plain: &[u8]) -> Result<String, KekError> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(plain.len() + 2 * NONCE_LEN + KEY_BYTES));
        bytes.extend_from_slice(plain);
        let sealed = self.first.cipher.seal_in_place_append_tag(Aad::from(place), &mut *bytes);
        let nonce = sealed.map_err(|_| KekError::NotSealed)?;
        Ok(Base64UrlUnpadded::encode_string(&[nonce.as_ref().as_slice(), &bytes].concat()))
    }

    /// Opens what was sealed for that very `place` with the key `id`.
    pub(crate) fn open(&self, id: &str, place: &[u8], sealed: &str) -> Result<Zeroizing<Vec<u8>>, KekError> {
        let kek = self.find(id)?;
        let bytes = Base64UrlUnpadded::decode_vec(sealed).map_err(|_| KekError::Altered)?;
        let (nonce, text) = bytes.split_at_checked(NONCE_LEN).ok_or(KekError::Altered)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| KekError::Altered)?;
        let mut text = Zeroizing::new(text.to_vec());
        let opened = kek.cipher.open_in_place(nonce, Aad::from(place), &mut text);
        let length = opened.map_err(|_| KekError::Altered)?.len();
        text.truncate(length);
        Ok(text)
    }

    fn find(&self, id: &str) -> Result<&Kek, KekError> {
        self.all()
            .find(|kek| kek.id == id)
            .ok_or_else(|| KekError::Other { sealed_with: id.to_owned(), at_hand: self.ids().join(", ") })
    }

    fn all(&self) -> impl Iterator<Item = &Kek> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

impl Kek {
    fn new(secret: Zeroizing<Vec<u8>>) -> Result<Self, KekError> {
        // A low-quality key would be guessed from its identifier, one of random bytes is not.
        let hash = digest(&SHA256, &Zeroizing::new([b"jotgate-keys kek\n".as_slice(), &secret].concat()));
        let id = hash.as_ref().iter().take(ID_BYTES).map(|byte| format!("{byte:02x}")).collect();
        if secret.len() != KEY_BYTES {
            return Err(KekError::Malformed);
        }
        let cipher = RandomizedNonceKey::new(&AES_256_GCM_SIV, &secret).map_err(|_| KekError::NotSealed)?;
        Ok(Self { id, secret, cipher })
    }
}

impl fmt::Debug for Kek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kek").field("id", &self.id).finish_non_exhaustive()
    }
}

impl KekError {
    /// Names the file or the variable whose content is malformed.
    pub(super) fn of(self, place: &str) -> Self {
        match self {
            Self::Malformed => Self::NoKeys { place: place.to_owned() },
            other => other,
        }
    }

    /// The stable code: what a program compares.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed | Self::NoKeys { .. } => "kek_malformed",
            Self::Missing { .. } => "kek_missing",
            Self::Unreadable { .. } => "kek_unreadable",
            Self::NotSealed => "kek_not_sealed",
            Self::NoNewKey => "kek_no_new_key",
            Self::InUse { .. } => "kek_in_use",
            Self::Elsewhere { is_missing: true, .. } => "kek_missing_elsewhere",
            Self::Elsewhere { is_missing: false, .. } => "kek_not_first_elsewhere",
            Self::Other { .. } => "kek_other",
            Self::Altered => "kek_altered",
        }
    }
}

impl fmt::Display for KekError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("a key-encryption key has 32 random bytes, in base64url"),
            Self::NoKeys { place } => write!(
                f,
                "{place} contains no key-encryption key (32 random bytes, in base64url): put back the one that the store is \
                 encrypted with, from its backup"
            ),
            Self::Missing { path } => write!(
                f,
                "the key-encryption key `{}` is missing: put it back from its backup, or name its file by --kek-file, \
                 JOTGATE_KEK_FILE or `kek-file` of the configuration; without that key the store is lost, and `init` makes one \
                 for a new issuer alone",
                path.display()
            ),
            Self::Unreadable { path, detail } => write!(
                f,
                "the key-encryption key `{}` can't be read ({detail}): it must be a file of mode 0600 that belongs to the user \
                 of this program; --kek-file, JOTGATE_KEK_FILE or `kek-file` of the configuration names another",
                path.display()
            ),
            Self::NotSealed => f.write_str("nothing could be encrypted"),
            Self::NoNewKey => f.write_str(
                "there is one key-encryption key, and no new one: put a new key behind it on every server, then before it on \
                 every server, and run this again; nothing was changed",
            ),
            Self::InUse { id } => write!(
                f,
                "the store is encrypted with the first key-encryption key {id} already: to replace it, put the new key before it on \
                 every server, and run this again; if it is the new one, remove the others; nothing was changed"
            ),
            Self::Elsewhere { id, servers, is_missing } => {
                let servers = servers.join(" and ");
                match is_missing {
                    true => write!(
                        f,
                        "the key-encryption key {id} is missing on {servers}: put it behind the present one there, then before \
                         it on every server, and run this again"
                    )?,
                    false => write!(
                        f,
                        "the key-encryption key {id} is not the first one on {servers}: put it first there, and run this again"
                    )?,
                }
                let counted = RunningServer::COUNTED.as_secs();
                write!(f, "; a server that was killed counts for {counted} s; nothing was changed")
            }
            Self::Other { sealed_with, at_hand } => write!(
                f,
                "the store is encrypted with the key-encryption key {sealed_with}, at hand is {at_hand}: put the missing key \
                 back, and remove it after `keys rekey` only; nothing was changed"
            ),
            Self::Altered => f.write_str(
                "an encrypted part of the store was altered or put elsewhere; nothing was changed",
            ),
        }
    }
}

impl std::error::Error for KekError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_in_its_place_alone() {
        let keks = Keks::generate().unwrap();
        let sealed = keks.seal(b"here", b"secret").unwrap();
        assert_eq!(keks.open(keks.id(), b"here", &sealed).unwrap().as_slice(), b"secret");
        assert_eq!(keks.open(keks.id(), b"there", &sealed), Err(KekError::Altered));
        assert_ne!(keks.seal(b"here", b"secret").unwrap(), sealed);
    }

    #[test]
    fn a_sealed_text_that_is_cut_or_changed_anywhere_does_not_open() {
        let keks = Keks::generate().unwrap();
        let sealed = Base64UrlUnpadded::decode_vec(&keks.seal(b"", b"secret").unwrap()).unwrap();
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            for bad in [&changed, &sealed[..place]] {
                let bad = Base64UrlUnpadded::encode_string(bad);
                assert_eq!(keks.open(keks.id(), b"", &bad), Err(KekError::Altered), "{place}");
            }
        }
    }

    #[test]
    fn a_new_key_seals_and_the_old_one_still_opens() {
        let (old, new) = (Keks::generate().unwrap(), Keks::generate().unwrap());
        let sealed = old.seal(b"", b"secret").unwrap();
        let both = Keks::parse(&old.after(&new).unwrap().to_text()).unwrap();
        assert_eq!(both.id(), new.id());
        assert_eq!(both.open(old.id(), b"", &sealed).unwrap().as_slice(), b"secret");
        let refusal = new.open(old.id(), b"", &sealed).unwrap_err();
        let (sealed_with, at_hand) = (old.id().to_owned(), new.id().to_owned());
        assert_eq!(refusal, KekError::Other { sealed_with, at_hand });
    }

    #[test]
    fn texts_that_are_no_keys_are_refused_and_none_shows() {
        for text in ["", " \n", "short", &"A".repeat(42), &"A".repeat(44), &"!".repeat(43)] {
            assert_eq!(Keks::parse(text).unwrap_err(), KekError::Malformed, "`{text}`");
        }
        let keks = Keks::generate().unwrap();
        let text = keks.to_text();
        assert!(Keks::parse(&format!("{}, {}", text.trim(), text.trim())).is_ok());
        assert!(!format!("{keks:?}").contains(text.trim()));
    }
}
