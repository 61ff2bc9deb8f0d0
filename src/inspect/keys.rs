//! Reads keys in every form that people paste them in.

use base64ct::{Base64, Base64Unpadded, Base64UrlUnpadded, Encoding};
use jotgate_core::{Hash, Key, KeySet, Keys, Refusal};
use zeroize::Zeroizing;

use crate::{
    explanations::Explanation,
    report::KeyReport,
    request::{KeyOrigin, KeyText},
};

/// Keys that came in one text, each way to read it.
pub(crate) struct Source {
    pub(crate) origin: Origin,
    pub(crate) url: Option<String>,
    /// More than one for a secret alone: its text can be read in several ways.
    pub(crate) readings: Vec<Reading>,
    /// One for each key of the source.
    pub(crate) reports: Vec<KeyReport>,
}

/// Where a source comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Entered,
    Fetched,
    Earlier,
    Pasted,
    Token,
}

impl Origin {
    const fn name(self) -> &'static str {
        match self {
            Self::Entered => "entered",
            Self::Fetched => "fetched",
            Self::Earlier => "earlier",
            Self::Pasted => "pasted",
            Self::Token => "token",
        }
    }
}

/// One way to read a source.
pub(crate) struct Reading {
    pub(crate) held: Held,
    /// How a secret's text was read.
    pub(crate) secret_as: Option<&'static str>,
}

/// Keys that are ready to verify.
pub(crate) enum Held {
    One(Box<Key>),
    Set(KeySet),
}

impl Held {
    pub(crate) fn keys(&self) -> Keys<'_> {
        match self {
            Self::One(key) => Keys::One(key),
            Self::Set(set) => Keys::Set(set),
        }
    }
}

impl Source {
    /// Reads a text that the caller handed over.
    pub(crate) fn given(index: usize, given: &KeyText) -> Self {
        let origin = match given.from {
            KeyOrigin::Entered => Origin::Entered,
            KeyOrigin::Fetched => Origin::Fetched,
            KeyOrigin::Earlier => Origin::Earlier,
        };
        let mut source = Self::read(&given.text, origin);
        for report in &mut source.reports {
            report.index = Some(index);
            report.url.clone_from(&given.url);
        }
        source.url.clone_from(&given.url);
        source
    }

    /// Reads a text: a JWK, a JWKS, PEM, a certificate, base64 of these, or a secret.
    pub(crate) fn read(text: &str, origin: Origin) -> Self {
        let (form, read) = read(text.trim());
        let mut source = Self { origin, url: None, readings: Vec::new(), reports: Vec::new() };
        match read {
            Ok(Read::One(key)) => {
                source.reports.push(described(origin, form, &key));
                source.readings.push(Reading { held: Held::One(key), secret_as: None });
            }
            Ok(Read::Set(set)) => {
                source.reports = described_set(origin, form, &set);
                source.readings.push(Reading { held: Held::Set(set), secret_as: None });
            }
            Ok(Read::Secret) => source.read_secret(text),
            Err(refusal) => source.reports.push(refused(origin, form, &refusal)),
        }
        source
    }

    /// Reads the text as a secret: as it is, as base64 and as base64url.
    fn read_secret(&mut self, text: &str) {
        // A secret is used as it was entered, but for the line break that a file ends with.
        let text = text.trim_end_matches(['\r', '\n']);
        let unpadded = text.trim_end_matches('=');
        let base64 = Base64::decode_vec(text).or_else(|_| Base64Unpadded::decode_vec(text)).ok();
        let base64url = Base64UrlUnpadded::decode_vec(unpadded).ok();
        let same = base64.is_some() && base64 == base64url;
        let readings = [
            ("utf8", Some(text.as_bytes().to_vec())),
            ("base64", base64),
            ("base64url", base64url.filter(|_| !same)),
        ];
        let mut problem = None;
        for (secret_as, bytes) in readings {
            let Some(bytes) = bytes.map(Zeroizing::new) else { continue };
            match Key::from_secret(&bytes) {
                Ok(key) => {
                    if self.readings.is_empty() {
                        self.reports.push(described(self.origin, "secret", &key));
                    }
                    self.readings
                        .push(Reading { held: Held::One(Box::new(key)), secret_as: Some(secret_as) });
                }
                Err(refusal) => problem = problem.or(Some(refusal)),
            }
        }
        if let (true, Some(refusal)) = (self.readings.is_empty(), problem) {
            self.reports.push(refused(self.origin, "secret", &refusal));
        }
    }

    /// Marks the key that the signature matches.
    pub(crate) fn mark(&mut self, reading: usize, member: Option<usize>) {
        let Some(reading) = self.readings.get(reading) else { return };
        let report = self.reports.iter_mut().find(|report| report.usable && report.member == member);
        let Some(report) = report else { return };
        report.matches = true;
        report.secret_as = reading.secret_as;
        if let Held::One(key) = &reading.held {
            report.bits = Some(key.prepared().bits());
        }
    }
}

enum Read {
    One(Box<Key>),
    Set(KeySet),
    Secret,
}

fn read(text: &str) -> (&'static str, Result<Read, Refusal>) {
    let one = |key: Result<Key, Refusal>| key.map(|key| Read::One(Box::new(key)));
    if text.starts_with(['{', '[']) {
        let set = KeySet::from_jwks(text);
        return match set {
            Ok(set) => ("jwks", Ok(Read::Set(set))),
            Err(_) if text.contains("\"kty\"") || !text.contains("\"keys\"") => {
                ("jwk", one(Key::from_jwk(text)))
            }
            Err(refusal) => ("jwks", Err(refusal)),
        };
    }
    if text.contains("-----BEGIN CERTIFICATE") {
        return ("certificate", one(Key::from_certificate(text)));
    }
    if text.contains("-----BEGIN ") {
        return ("pem", one(Key::from_pem(text)));
    }
    match encoded(text) {
        Some(read) => ("base64", Ok(read)),
        None => ("secret", Ok(Read::Secret)),
    }
}

/// Reads base64 of DER, PEM, a JWK or a JWKS. Returns `None` for any other text.
fn encoded(text: &str) -> Option<Read> {
    let compact: Zeroizing<String> = Zeroizing::new(text.split_whitespace().collect());
    let unpadded = compact.trim_end_matches('=');
    let decoded = Base64Unpadded::decode_vec(unpadded).or_else(|_| Base64UrlUnpadded::decode_vec(unpadded));
    let decoded = Zeroizing::new(decoded.ok()?);
    if let Ok(inner) = std::str::from_utf8(&decoded)
        && inner.trim_start().starts_with(['{', '-'])
    {
        return match read(inner.trim()).1 {
            Ok(Read::Secret) | Err(_) => None,
            Ok(read) => Some(read),
        };
    }
    let body = Base64::encode_string(&decoded);
    let pem = |label: &str| pem(label, &body);
    let key = Key::from_pem(&pem("PUBLIC KEY"))
        .or_else(|_| Key::from_certificate(&pem("CERTIFICATE")))
        .or_else(|_| Key::from_pem(&pem("RSA PUBLIC KEY")));
    key.ok().map(|key| Read::One(Box::new(key)))
}

/// The PEM text of DER in base64 (RFC 7468 §2).
pub(crate) fn pem(label: &str, body: &str) -> String {
    let lines = (0..body.len()).step_by(64).filter_map(|at| body.get(at..body.len().min(at + 64)));
    let lines: Vec<&str> = lines.collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn described(origin: Origin, form: &'static str, key: &Key) -> KeyReport {
    let prepared = key.prepared();
    KeyReport {
        from: origin.name(),
        form,
        usable: true,
        kid: key.kid().map(str::to_owned),
        kty: Some(prepared.key_type().name()),
        crv: prepared.curve().map(jotgate_core::Curve::name),
        alg: key.algorithm().map(str::to_owned),
        usage: key.usage().map(str::to_owned),
        bits: Some(prepared.bits()),
        algorithms: key.algorithms().into_iter().map(jotgate_core::Algorithm::name).collect(),
        // A thumbprint of a secret could be compared with those of guessed secrets.
        thumbprint: key.public_jwk().map(|_| key.thumbprint(Hash::Sha256)),
        ..KeyReport::default()
    }
}

fn described_set(origin: Origin, form: &'static str, set: &KeySet) -> Vec<KeyReport> {
    let keys = set.keys().iter().map(|member| KeyReport {
        member: Some(member.index),
        private_members: set
            .dropped()
            .iter()
            .find(|dropped| dropped.index == member.index)
            .map(|dropped| dropped.names.clone()),
        ..described(origin, form, &member.key)
    });
    let skipped = set.skipped().iter().map(|skipped| KeyReport {
        member: Some(skipped.index),
        kid: skipped.kid.clone(),
        ..refused(origin, form, &skipped.refusal)
    });
    let mut reports: Vec<KeyReport> = keys.chain(skipped).collect();
    reports.sort_by_key(|report| report.member);
    reports
}

fn refused(origin: Origin, form: &'static str, refusal: &Refusal) -> KeyReport {
    let code = refusal.code();
    let explanation = Explanation::of(code);
    KeyReport {
        from: origin.name(),
        form,
        code: Some(code),
        why: Some(explanation.map_or_else(|| refusal.to_string(), |row| row.why.to_owned())),
        action: explanation.map(|row| row.action.to_owned()),
        link: Some(Explanation::link(code)),
        ..KeyReport::default()
    }
}
