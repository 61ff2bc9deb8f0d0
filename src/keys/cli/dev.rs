//! `dev`: an issuer for development and tests.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use jotgate_keys::{DevIssuer, DevOptions, Error, Issuer, SystemClock};

use crate::dev_arguments::{Dev, Secret};
use crate::say;
use crate::serve::{listen, stop_signals};

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

/// Returns the URL of the server. Address 0.0.0.0 is for listening only, so it is replaced by 127.0.0.1.
fn base_url(address: SocketAddr) -> String {
    let ip = if address.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { address.ip() };
    format!("http://{}", SocketAddr::new(ip, address.port()))
}

/// Returns the text that is printed at the start: the address, the options of a gate, and an example command.
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
