//! Refusals and keys as JSON text, for the host's own parser.

use jotgate_core::{Key, KeySet, Refusal};
use serde::Serialize;

/// A refusal as JSON text.
pub(crate) fn refusal(refusal: &Refusal) -> String {
    #[derive(Serialize)]
    struct Description<'r> {
        code: &'static str,
        class: &'static str,
        message: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        claim: Option<&'r str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        option: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        scope: Option<String>,
    }
    let claim = refusal.claim();
    text(&Description {
        code: refusal.code(),
        class: refusal.class().code(),
        message: refusal.to_string(),
        claim: claim.map(|(claim, _)| claim),
        reason: claim.map(|(_, reason)| reason.name()),
        option: match refusal {
            Refusal::Option { name, .. } => Some(name),
            _ => None,
        },
        scope: match refusal {
            Refusal::InsufficientScope { needed } => Some(needed.join(" ")),
            _ => None,
        },
    })
}

/// What may be said of a key: no number of it.
#[derive(Serialize)]
struct KeyDescription<'k> {
    kty: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    crv: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'k str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alg: Option<&'k str>,
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    usage: Option<&'k str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_ops: Option<&'k [String]>,
    bits: usize,
    algorithms: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
}

fn described(key: &Key, index: Option<usize>) -> KeyDescription<'_> {
    KeyDescription {
        kty: key.prepared().key_type().name(),
        crv: key.prepared().curve().map(jotgate_core::Curve::name),
        kid: key.kid(),
        alg: key.algorithm(),
        usage: key.usage(),
        key_ops: key.operations(),
        bits: key.prepared().bits(),
        algorithms: key.algorithms().into_iter().map(jotgate_core::Algorithm::name).collect(),
        index,
    }
}

/// A key's description as JSON text.
pub(crate) fn key(key: &Key) -> String {
    text(&described(key, None))
}

/// A key set's description as JSON text.
pub(crate) fn key_set(set: &KeySet) -> String {
    #[derive(Serialize)]
    struct Skipped<'s> {
        index: usize,
        #[serde(skip_serializing_if = "Option::is_none")]
        kid: Option<&'s str>,
        code: &'static str,
        message: String,
    }
    #[derive(Serialize)]
    struct Dropped<'s> {
        index: usize,
        #[serde(skip_serializing_if = "Option::is_none")]
        kid: Option<&'s str>,
        names: &'s [&'static str],
    }
    #[derive(Serialize)]
    struct Description<'s> {
        size: usize,
        keys: Vec<KeyDescription<'s>>,
        skipped: Vec<Skipped<'s>>,
        dropped: Vec<Dropped<'s>>,
    }
    text(&Description {
        size: set.keys().len(),
        keys: set.keys().iter().map(|member| described(&member.key, Some(member.index))).collect(),
        skipped: set
            .skipped()
            .iter()
            .map(|skipped| Skipped {
                index: skipped.index,
                kid: skipped.kid.as_deref(),
                code: skipped.refusal.code(),
                message: skipped.refusal.to_string(),
            })
            .collect(),
        dropped: set
            .dropped()
            .iter()
            .map(|dropped| Dropped {
                index: dropped.index,
                kid: dropped.kid.as_deref(),
                names: &dropped.names,
            })
            .collect(),
    })
}

/// Strings, numbers and lists always have a JSON text; an empty one would be found by the host's parser.
fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
