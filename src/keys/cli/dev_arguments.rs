//! The arguments of `dev`.

use std::net::SocketAddr;

use clap::Args;
use jotgate_keys::{Issuer, SigningAlgorithm};
use zeroize::Zeroizing;

/// The shortest secret, in bytes.
const SHORTEST_SECRET: usize = 16;

#[derive(Debug, Args)]
pub(crate) struct Dev {
    /// The address to listen on: an IP address and a port; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8411")]
    pub(crate) listen: SocketAddr,
    /// The `iss` of tokens [default: http:// and the address]
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: Option<Issuer>,
    /// The algorithm of the keys: ES256, EdDSA, ES384, RS256 or PS256
    #[arg(long, value_name = "ALG", default_value = "ES256", value_parser = algorithm)]
    pub(crate) algorithm: SigningAlgorithm,
    /// The `aud` of tokens for which no audience is requested
    #[arg(long, value_name = "AUDIENCE", default_value = "api")]
    pub(crate) audience: String,
    /// Require this secret as a Bearer token at `/dev`; it is required for addresses that other machines can reach
    #[arg(long, value_name = "SECRET", env = "JOTGATE_DEV_SECRET", hide_env_values = true, value_parser = secret)]
    pub(crate) dev_secret: Option<Secret>,
}

/// A secret that is not printed.
#[derive(Clone)]
pub(crate) struct Secret(pub(crate) Zeroizing<String>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

fn secret(text: &str) -> Result<Secret, String> {
    let usable = text.len() >= SHORTEST_SECRET && text.bytes().all(|byte| byte.is_ascii_graphic());
    let secret = || Secret(Zeroizing::new(text.to_owned()));
    usable.then(secret).ok_or_else(|| "a secret has at least 16 printable ASCII characters".to_owned())
}

pub(crate) fn algorithm(text: &str) -> Result<SigningAlgorithm, String> {
    let names = SigningAlgorithm::ALL.map(SigningAlgorithm::name).join(", ");
    SigningAlgorithm::from_name(text).ok_or_else(|| format!("one of {names}"))
}
