//! Turns a list of algorithms into the features that the core is built with.

use anyhow::{Result, bail};

/// The features of `jotgate-wasm`, and the algorithms of each.
const FEATURES: [(&str, &[&str]); 6] = [
    ("hmac", &["HS256", "HS384", "HS512"]),
    ("rsa", &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]),
    ("p256", &["ES256"]),
    ("p384", &["ES384"]),
    ("p521", &["ES512"]),
    ("ed25519", &["EdDSA", "Ed25519"]),
];

/// The algorithms that are built.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    /// The features, in the order of the table; none for all algorithms.
    features: Vec<&'static str>,
}

impl Selection {
    /// Every algorithm.
    pub(crate) const ALL: Self = Self { features: Vec::new() };

    /// Reads a list such as `ES256,RS256`.
    pub(crate) fn of(list: &str) -> Result<Self> {
        let names: Vec<&str> = list.split(',').map(str::trim).collect();
        let feature = |name: &str| FEATURES.iter().find(|(_, algorithms)| algorithms.contains(&name));
        if let Some(unknown) = names.iter().find(|name| feature(name).is_none()) {
            bail!("`{unknown}` is not an algorithm");
        }
        let wanted = |algorithms: &[&str]| names.iter().any(|name| algorithms.contains(name));
        let features: Vec<&str> = FEATURES
            .iter()
            .filter(|(_, algorithms)| wanted(algorithms))
            .map(|(feature, _)| *feature)
            .collect();
        Ok(if features.len() == FEATURES.len() { Self::ALL } else { Self { features } })
    }

    /// The arguments for cargo.
    pub(crate) fn words(&self) -> Vec<String> {
        match self.features.as_slice() {
            [] => Vec::new(),
            features => vec!["--no-default-features".into(), "--features".into(), features.join(",")],
        }
    }

    /// The suffix of its folders.
    pub(crate) fn suffix(&self) -> String {
        self.features.iter().map(|feature| format!("-{feature}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn algorithms_become_features_and_all_of_them_none() {
        let words = |list: &str| Selection::of(list).unwrap().words().join(" ");
        assert_eq!(words("ES256"), "--no-default-features --features p256");
        assert_eq!(words("EdDSA, PS512,RS256"), "--no-default-features --features rsa,ed25519");
        assert_eq!(words("HS256,RS256,ES256,ES384,ES512,Ed25519"), "");
        assert_eq!(Selection::of("ES512,ES256").unwrap().suffix(), "-p256-p521");
        assert_eq!(Selection::ALL.suffix(), "");
        for wrong in ["", "ES256,", "es256", "none"] {
            assert!(Selection::of(wrong).is_err(), "{wrong}");
        }
    }
}
