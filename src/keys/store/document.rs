//! Converts a state to the bytes in a store, and back. Invalid bytes are refused.
//!
//! The bytes are two lines and JSON. The first line is the SHA-256 of the rest in hexadecimal, to detect damage. The second line is a seal
//! over the JSON and the store's version, made with the key-encryption key. Without that key, nothing can be altered. Each private key is
//! sealed separately, bound to its `kid`, ring and version. Private keys leave the process only here.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};

use super::document_error::DocumentError;
use super::stored::StoredState;
use crate::{Keks, State, Version};

/// The content of a store: one state as bytes, with sealed private keys.
#[derive(Clone, PartialEq, Eq)]
pub struct Document(Vec<u8>);

/// The hexadecimal digest and the line feed.
const DIGEST_BYTES: usize = 64;
/// The longest second line.
const SEAL_BYTES: usize = 64;

impl Document {
    /// Makes a document of the bytes in a store. They are not checked yet.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Returns the bytes, to store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the digest of its content, in hexadecimal. Empty for bytes that are not a document.
    #[must_use]
    pub fn digest(&self) -> &str {
        self.0.get(..DIGEST_BYTES).and_then(|digest| str::from_utf8(digest).ok()).unwrap_or_default()
    }

    /// Makes the document of a state, to be stored with that version.
    ///
    /// # Errors
    /// [`DocumentError::NotWritten`], [`DocumentError::Kek`].
    pub fn from_state(state: &State, keks: &Keks, version: Version) -> Result<Self, DocumentError> {
        let stored = StoredState::from_state(state, keks, version)?;
        let json = serde_json::to_vec(&stored).map_err(|_| DocumentError::NotWritten)?;
        let seal = keks.seal(&whole_place(version, &json), b"").map_err(DocumentError::Kek)?;
        let rest = [seal.as_bytes(), b"\n", &json].concat();
        Ok(Self([hex_digest(&rest).as_bytes(), b"\n", &rest].concat()))
    }

    /// Reads a state that was stored with that version. Checks the digest, the seal, each key against its identifier, and the invariant of
    /// [`State`].
    ///
    /// # Errors
    /// Any [`DocumentError`].
    pub fn to_state(&self, keks: &Keks, version: Version) -> Result<State, DocumentError> {
        self.to_sealed_state(keks, version).map(|(state, _)| state)
    }

    /// Does the same as [`Document::to_state`], and returns the identifier of the key-encryption key that has sealed the document.
    ///
    /// # Errors
    /// Any [`DocumentError`].
    pub(super) fn to_sealed_state(
        &self,
        keks: &Keks,
        version: Version,
    ) -> Result<(State, String), DocumentError> {
        let stored = self.open(keks, version)?;
        let sealed_with = stored.sealed_with().to_owned();
        Ok((stored.into_state(keks, version)?, sealed_with))
    }

    /// Checks only the digest and the seal.
    ///
    /// # Errors
    /// The [`DocumentError`] of these checks.
    pub(crate) fn check_seal(&self, keks: &Keks, version: Version) -> Result<(), DocumentError> {
        self.open(keks, version).map(|_| ())
    }

    fn open(&self, keks: &Keks, version: Version) -> Result<StoredState<'_>, DocumentError> {
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
        let stored = StoredState::read(json)?;
        let opened = keks.open(stored.sealed_with(), &whole_place(version, json), seal);
        opened.map_err(DocumentError::Kek)?;
        Ok(stored)
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document").field("bytes", &self.0.len()).finish()
    }
}

/// Returns the context to which the seal of the whole document is bound.
fn whole_place(version: Version, json: &[u8]) -> Vec<u8> {
    [format!("jotgate-keys document\n{version}\n").as_bytes(), json].concat()
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
    use std::sync::Arc;

    use super::*;
    use crate::test_keys::{GATE, NOW, keks, key, key_for, state};
    use crate::{Client, ClientSecret, KekError, Older, Settings, SigningAlgorithm, StoreId, Times};

    /// Makes a document with that JSON, and with its seal and digest.
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
        let client = Client { token_life: 60, ..client };
        let state = everything().add_client(client).unwrap().disable_client("worker").unwrap();
        let times = Times { max_age: 10, ..*state.settings().times() }.shortest();
        let state = state.with_settings(Settings::new(times).unwrap(), NOW + 1000);
        assert!(!written(&state).as_bytes().windows(secret.len()).any(|window| window == secret.as_bytes()));
        let again = read(&written(&state)).unwrap();
        assert_eq!(again.issuer(), state.issuer());
        assert!(again.clients() == state.clients() && again.clients().len() == 1);
        assert_eq!((again.settings(), again.older()), (state.settings(), state.older()));
        assert_ne!(again.older(), &Older::default());
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
    fn k2_k6_a_state_of_format_4_comes_back_whole_with_all_that_is_new() {
        let (mut client, _) = Client::new("worker", Some("a b"), &["api".to_owned()], NOW).unwrap();
        client.secrets.push(ClientSecret::generate(NOW + 9).unwrap().0);
        client.audience_scopes.insert("api".to_owned(), vec!["c".to_owned()]);
        client.claims.insert("tenant".to_owned(), serde_json::json!({ "id": 7, "tags": ["x", null] }));
        let id = StoreId::generate().unwrap();
        let state = everything().upgrade(id).unwrap().add_client(client).unwrap();
        let json = json_of(&written(&state));
        assert!(
            json.contains(&format!(r#""format":4,"sealed_with":"{}","store_id":"{id}""#, keks().id())),
            "{json}"
        );
        let again = read(&written(&state)).unwrap();
        assert_eq!(again.store_id(), Some(id));
        assert!(again.clients() == state.clients());
        for (from, to, code) in [
            (id.to_string(), "7".to_owned(), "document_store_id"),
            (format!(r#""store_id":"{id}","#), String::new(), "document_unknown_format"),
            (r#""format":4"#.to_owned(), r#""format":3"#.to_owned(), "document_unknown_format"),
            (r#""secrets":"#.to_owned(), r#""secrets":null,"old":"#.to_owned(), "document_unknown_format"),
        ] {
            let changed = json.replace(&from, &to);
            assert_ne!(changed, json, "{from}");
            assert_eq!(read(&signed(&changed)).unwrap_err().code(), code);
        }
    }

    #[test]
    fn a_newer_format_is_refused_with_both_numbers_and_what_to_do() {
        let state = everything().upgrade(StoreId::generate().unwrap()).unwrap();
        let json = json_of(&written(&state)).replace(r#""format":4"#, r#""format":6,"new":1"#);
        let refusal = read(&signed(&json)).unwrap_err();
        assert_eq!(refusal, DocumentError::UnknownFormat { format: Some(6) });
        let said =
            "the store has format 6, and this version reads formats 3 to 5: use the version that wrote it";
        assert_eq!(refusal.to_string(), said);
    }

    #[test]
    fn keys_for_id_tokens_come_back_and_only_format_5_has_them() {
        let state = everything().upgrade(StoreId::generate().unwrap()).unwrap();
        let state = state.with_ledger(crate::LedgerSeal::generate().unwrap()).unwrap();
        let pairs = [(); 2].map(|()| key_for(SigningAlgorithm::RS256));
        let state = state.with_id_keys(pairs, NOW + 999).unwrap();
        let json = json_of(&written(&state));
        assert!(json.contains(r#"{"purpose":"id","algorithm":"RS256","#), "{json}");
        let again = read(&written(&state)).unwrap();
        assert_eq!(again.ring_for(crate::Purpose::Id).unwrap().keys().len(), 2,);
        assert_eq!(again.signer().unwrap().kid(), state.signer().unwrap().kid());
        for (from, to, format) in [
            (r#""purpose":"id""#, r#""purpose":"other""#, Some(5)),
            (r#""purpose":"id""#, r#""purpose":"id","more":1"#, Some(5)),
        ] {
            let refusal = read(&signed(&json.replace(from, to))).unwrap_err();
            assert_eq!(refusal, DocumentError::UnknownFormat { format }, "{to}");
        }
        let old = json_of(&written(&everything()));
        let refusal =
            read(&signed(&old.replacen(r#"{"algorithm""#, r#"{"purpose":"id","algorithm""#, 1))).unwrap_err();
        assert_eq!(refusal, DocumentError::UnknownFormat { format: Some(3) });
    }

    #[test]
    fn k13_a_requested_rotation_comes_back_and_only_format_4_has_it() {
        let state = everything().upgrade(StoreId::generate().unwrap()).unwrap();
        let next = state.successor(SigningAlgorithm::EdDSA).unwrap().kid().to_owned();
        let requested = state.request_next_signer(&next).unwrap();
        assert_eq!(
            read(&written(&requested)).unwrap().next_signer().map(crate::Key::kid),
            Some(next.as_str())
        );
        let old = json_of(&written(&everything()));
        let member = format!(r#""format":3,"next_signer":"{next}""#);
        let refusal = read(&signed(&old.replace(r#""format":3"#, &member))).unwrap_err();
        assert_eq!(refusal, DocumentError::UnknownFormat { format: Some(3) });
        let foreign = json_of(&written(&requested))
            .replace(&format!(r#""next_signer":"{next}"#), r#""next_signer":"x"#);
        assert_eq!(read(&signed(&foreign)).unwrap_err().code(), "state_not_staged");
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
            (r#""format":3"#, r#""format":6"#, Some(6)),
            (r#""format":3"#, r#""format":5"#, Some(5)),
            (r#""format":3"#, r#""format":2"#, Some(2)),
            // Whole formats alone: neither the new one without its members nor the old one with one of them.
            (r#""format":3"#, r#""format":4"#, Some(4)),
            (r#""format":3"#, r#""format":3,"store_id":"00000000000000000000000000000001""#, Some(3)),
            (r#""format":3"#, r#""format":3,"users":[]"#, Some(3)),
            (r#""created""#, r#""alarm":0,"created""#, Some(3)),
            (r#""private":"#, r#""plain":"#, Some(3)),
            (r#""format":3,"#, "", None),
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
