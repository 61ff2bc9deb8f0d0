//! `dev`: an issuer for development and tests.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use clap::Args;
use jotgate_keys::{DevIssuer, DevOptions, Error, Issuer, SigningAlgorithm, SystemClock};
use zeroize::Zeroizing;

use crate::arguments::algorithm;
use crate::say;
use crate::serve::{listen, stop_signals};

/// The shortest secret, in bytes.
const SHORTEST_SECRET: usize = 16;

#[derive(Debug, Args)]
pub(crate) struct Dev {
    /// Where to listen: an IP address and a port; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8411")]
    listen: SocketAddr,
    /// The `iss` of tokens [default: http:// and the address]
    #[arg(long, value_name = "URL")]
    issuer: Option<Issuer>,
    /// What keys sign with: ES256, EdDSA, ES384, RS256 or PS256
    #[arg(long, value_name = "ALG", default_value = "ES256", value_parser = algorithm)]
    algorithm: SigningAlgorithm,
    /// The `aud` of tokens that name no audience themselves
    #[arg(long, value_name = "AUDIENCE", default_value = "api")]
    audience: String,
    /// Require this secret as a Bearer token at `/dev`; addresses that others can reach need it
    #[arg(long, value_name = "SECRET", env = "JOTGATE_DEV_SECRET", hide_env_values = true, value_parser = secret)]
    dev_secret: Option<Secret>,
}

/// A secret that is not printed.
#[derive(Clone)]
struct Secret(Zeroizing<String>);

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

pub(crate) fn dev(arguments: &Dev) -> Result<(), Error> {
    let refused = |reason: String| Err(io::Error::other(reason).into());
    let listen_at = arguments.listen;
    if !listen_at.ip().is_loopback() && arguments.dev_secret.is_none() {
        return refused(format!("{listen_at} is not a loopback address; give a --dev-secret"));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let served = runtime.block_on(async {
        let stop = stop_signals()?;
        let listener = listen(listen_at).await?;
        let address = listener.local_addr()?;
        let issuer = match &arguments.issuer {
            Some(issuer) => issuer.clone(),
            None => base_url(address).parse()?,
        };
        let options = DevOptions {
            issuer: issuer.clone(),
            algorithm: arguments.algorithm,
            audience: arguments.audience.clone(),
            secret: arguments.dev_secret.as_ref().map(|Secret(secret)| secret.clone()),
        };
        let made = DevIssuer::new(options, Arc::new(SystemClock))?;
        say(&welcome(address, &issuer, arguments))?;
        made.run(listener, stop).await
    });
    runtime.shutdown_background();
    served
}

/// The URL of the server. Address 0.0.0.0 is for listening only; this machine reaches it as 127.0.0.1.
fn base_url(address: SocketAddr) -> String {
    let ip = if address.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { address.ip() };
    format!("http://{}", SocketAddr::new(ip, address.port()))
}

/// The first line, the options of a gate, and a first command.
fn welcome(address: SocketAddr, issuer: &Issuer, arguments: &Dev) -> String {
    let Dev { algorithm, audience, .. } = arguments;
    let quoted = audience.replace('\\', "\\\\").replace('\'', "\\'");
    let bearer =
        if arguments.dev_secret.is_some() { " -H \"authorization: Bearer $JOTGATE_DEV_SECRET\"" } else { "" };
    format!(
        "listening on http://{address}

const gate = createGate({{ issuer: '{issuer}', audience: '{quoted}', algorithms: ['{algorithm}'] }})

curl{bearer} -H 'content-type: application/json' -d '{{\"claims\":{{\"sub\":\"ada\"}},\"scope\":\"items:read\"}}' {base}/dev/token

The keys end with this process. Never use it in production.
",
        base = base_url(address)
    )
}
