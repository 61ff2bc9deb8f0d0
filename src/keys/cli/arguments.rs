//! Parses the arguments of the command line into one command.

use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::builder::{PathBufValueParser, TypedValueParser as _};
use clap::{Args, Parser, Subcommand};
use ipnet::IpNet;
use jotgate_keys::{Issuer, KeyPairError, Purpose, RsaSize, SigningAlgorithm};

use crate::client_arguments::{Clients, Json};
use crate::confirmation::Confirmation;
use crate::dev_arguments::{Dev, algorithm};
use crate::document_arguments::DocumentArguments;
use crate::duration::life;
use crate::time_arguments::{ChosenTimes, Settings};
use crate::user_arguments::Users;

/// Owns the rotating signing keys, publishes the key set and issues tokens.
#[derive(Debug, Parser)]
#[command(
    version,
    propagate_version = true,
    after_help = "Example:
  jotgate-keys init --issuer http://127.0.0.1:8411
  jotgate-keys serve
  jotgate-keys token --sub somebody --audience api"
)]
pub(crate) struct Cli {
    /// The file with the keys, or the address of a PostgreSQL database that several servers share
    ///
    /// An address is postgres://USER@HOST/DATABASE; its password is in the variable JOTGATE_STORE, in PGPASSWORD or in a password
    /// file (PGPASSFILE), and never an argument.
    // An environment with a password must not be printed.
    #[arg(
        long,
        global = true,
        env = "JOTGATE_STORE",
        hide_env_values = true,
        value_name = "PATH_OR_URL",
        // An empty one is refused, as for all paths.
        value_parser = PathBufValueParser::new().map(PathBuf::into_os_string),
        default_value = "./jotgate-keys/store.sqlite"
    )]
    pub(crate) store: OsString,
    /// A TOML file with arguments by their names, such as `ops-listen = "127.0.0.1:8412"`
    ///
    /// An argument comes before the environment, and that before the file. An unknown name is refused.
    // The file is read before the arguments are parsed.
    #[arg(long, global = true, env = "JOTGATE_CONFIG", value_name = "PATH")]
    pub(crate) config: Option<PathBuf>,
    /// The file with the key-encryption key [default: the store's name with `.kek` after it;
    /// ./jotgate-keys/postgres.kek for a database]
    ///
    /// A key in the variable JOTGATE_KEK itself comes before it.
    #[arg(long, global = true, env = "JOTGATE_KEK_FILE", value_name = "PATH")]
    pub(crate) kek_file: Option<PathBuf>,
    /// The file that remembers which version of the store was seen last [default: the key-encryption key's name with `.mark`
    /// after it, or the store's if the key is in JOTGATE_KEK]
    ///
    /// It must not be part of a backup with the store: it is needed to detect an older copy of the store.
    #[arg(long, global = true, env = "JOTGATE_MARK_FILE", value_name = "PATH")]
    pub(crate) mark_file: Option<PathBuf>,
    /// The file with the people who log in [default: the store's name with `.ledger` after it]
    #[arg(long, global = true, env = "JOTGATE_LEDGER_FILE", value_name = "PATH")]
    pub(crate) ledger_file: Option<PathBuf>,
    /// The format of the log on stderr: lines for people, or JSON with one object per line
    #[arg(long, global = true, env = "JOTGATE_LOG_FORMAT", value_name = "FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,
    /// The least severe level that is logged: error, warn, info, debug or trace
    #[arg(long, global = true, env = "JOTGATE_LOG_LEVEL", value_name = "LEVEL", default_value = "info")]
    pub(crate) log_level: tracing::Level,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The format of the log.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object per line, for programs.
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make the store and its first key
    #[command(after_help = "Example:
  jotgate-keys init --issuer https://issuer.example --max-age 5m --period 7d

The private keys are encrypted with a key-encryption key: by default one is made in a file of mode 0600 beside the store.
Better elsewhere: --kek-file PATH, or 32 random bytes in base64url in JOTGATE_KEK. Without it the store is lost.

A duration is a number of seconds, or has a unit: 90s, 5m, 2h, 1d. The times must keep four inequalities, else they are refused with their numbers:
  1. pre-publication >= R + M + F + K     3. period >= pre-publication
  2. retention       >= R + T + L + K     4. revocation >= R + M + S + F")]
    Init(Init),
    /// Publish the key set over HTTP until SIGTERM or SIGINT
    #[command(after_help = "Example:
  jotgate-keys serve --listen 127.0.0.1:8411 --ops-listen 127.0.0.1:8412
  curl http://127.0.0.1:8411/.well-known/jwks.json
  jotgate-keys serve --trusted-proxy 10.0.0.0/8 --allow-non-loopback --listen 0.0.0.0:8411

  jotgate-keys serve --listen 0.0.0.0:443 --tls-certificate fullchain.pem --tls-key privkey.pem

Prints one line when it is ready: `listening on http://ADDRESS`, or `https://` with TLS. SIGHUP reads the key-encryption key and
the TLS certificate again. The TLS certificate is also read again when its files change; one that cannot be used is reported
in the log and by `jotgate_cert_reload_failing`, and the one before stays in use.")]
    Serve(Serve),
    /// Ask the `serve` of this machine whether it lives: for the health check of a container
    #[command(after_help = "Example:
  JOTGATE_OPS_LISTEN=127.0.0.1:8412 jotgate-keys healthcheck
  jotgate-keys healthcheck --ops-listen 127.0.0.1:8412 --ready

Asks /healthz/live. A server without its database lives, and goes on publishing the key set: do not restart it for that.
Exit codes: 0 yes, 1 no (one line on stderr says why).")]
    Healthcheck(Healthcheck),
    /// Run an issuer for development and tests: any token, and faults on request; its keys end with it
    #[command(after_help = "Example:
  jotgate-keys dev
  curl -H 'content-type: application/json' -d '{\"scope\":\"items:read\",\"bad\":\"expired\"}' http://127.0.0.1:8411/dev/token
  curl -H 'content-type: application/json' -X POST http://127.0.0.1:8411/dev/rotate
  curl -H 'content-type: application/json' -X POST 'http://127.0.0.1:8411/dev/keys-down?seconds=10'

Needs no store and no `init`. docs/dev.md lists what `/dev/token` accepts.")]
    Dev(Dev),
    /// Print one access token (RFC 9068), signed by the key that signs now
    #[command(after_help = "Example:
  curl -H \"Authorization: Bearer $(jotgate-keys token --sub somebody --scope 'items:read' --audience api)\" \
https://api.example/items")]
    Token(Token),
    /// List the keys, or change them
    #[command(
        subcommand,
        after_help = "Example:
  jotgate-keys keys list
  jotgate-keys keys rotate"
    )]
    Keys(Keys),
    /// List the clients that may request tokens, or change them
    #[command(
        subcommand,
        after_help = "Example:
  jotgate-keys clients add worker --audience https://api.example
  jotgate-keys clients secret add worker"
    )]
    Clients(Clients),
    /// List the people who can log in, or change them
    #[command(
        subcommand,
        after_help = "Example:
  jotgate-keys users add ada
  jotgate-keys users list"
    )]
    Users(Users),
    /// Show the times in the store, or change them
    #[command(
        subcommand,
        after_help = "Example:
  jotgate-keys settings show
  jotgate-keys settings set --max-age 600"
    )]
    Settings(Settings),
    /// Show what is unusual in the store: values that no command accepts any more, and steps that are overdue; what is
    /// in force from arguments, environment and file; and the key-encryption keys of the store and of its servers
    #[command(after_help = "Example:
  jotgate-keys check

Exit codes: 0 nothing is unusual, 3 something is, 1 the store cannot be read. The store goes on working in either case.")]
    Check(Json),
    /// Bring a store of an older version to the newest format; there is no way back
    #[command(after_help = "Example:
  jotgate-keys upgrade

A version of this program that does not know the format refuses the store: replace every server first. Until then the store
goes on as it is, and what it can't hold is refused. Stores made by `init` have the newest format.")]
    Upgrade,
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The `iss` of tokens, which verifiers compare: an https URL (http for loopback addresses)
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: Issuer,
    /// The algorithm of the keys: ES256, EdDSA, ES384, RS256 or PS256
    #[arg(long, value_name = "ALG", default_value = "ES256", value_parser = algorithm)]
    pub(crate) algorithm: SigningAlgorithm,
    #[command(flatten)]
    pub(crate) rsa: Rsa,
    /// Also sign ID tokens, for people who log in with OpenID Connect: makes keys for RS256. `clients add` with the scope
    /// `openid` does this later, but then the first key has to wait before it signs
    #[arg(long)]
    pub(crate) openid: bool,
    #[command(flatten)]
    pub(crate) times: ChosenTimes,
}

/// See [`RsaSize`].
#[derive(Debug, Args)]
pub(crate) struct Rsa {
    /// The length of an RSA key in bits: 2048, 3072 or 4096 [default: as the current signing key, else 2048]
    #[arg(long = "rsa-bits", value_name = "BITS", value_parser = rsa_size)]
    size: Option<RsaSize>,
}

impl Rsa {
    /// Returns the chosen length, or the default.
    ///
    /// # Errors
    /// [`KeyPairError::NotRsa`] if a length was chosen for an algorithm that has no choice.
    pub(crate) fn size_for(
        &self,
        algorithm: SigningAlgorithm,
        usual: RsaSize,
    ) -> Result<RsaSize, KeyPairError> {
        match self.size {
            Some(_) if !algorithm.is_rsa() => Err(KeyPairError::NotRsa { algorithm }),
            chosen => Ok(chosen.unwrap_or(usual)),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The address to listen on: an IP address and a port; port 0 takes a free one
    #[arg(long, env = "JOTGATE_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:8411")]
    pub(crate) listen: SocketAddr,
    /// The address that serves `/healthz/live`, `/healthz/ready` and `/metrics` (Prometheus) [default: none]
    #[arg(long, env = "JOTGATE_OPS_LISTEN", value_name = "ADDRESS")]
    pub(crate) ops_listen: Option<SocketAddr>,
    /// The TLS certificate chain in PEM, the server's own certificate first
    #[arg(long, env = "JOTGATE_TLS_CERTIFICATE", value_name = "PATH", requires = "tls_key")]
    pub(crate) tls_certificate: Option<PathBuf>,
    /// The private key of the TLS certificate, in PEM
    #[arg(long, env = "JOTGATE_TLS_KEY", value_name = "PATH", requires = "tls_certificate")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Use TLS with a new self-signed certificate for localhost, 127.0.0.1 and ::1, and print its fingerprint
    #[arg(long, conflicts_with_all = ["tls_certificate", "tls_key"])]
    pub(crate) dev_tls: bool,
    /// Write the certificate of --dev-tls to this file, for clients that must trust it
    #[arg(long, value_name = "PATH", requires = "dev_tls")]
    pub(crate) dev_tls_out: Option<PathBuf>,
    /// Allow to listen without TLS on addresses that other machines can reach
    #[arg(long, env = "JOTGATE_ALLOW_NON_LOOPBACK")]
    pub(crate) allow_non_loopback: bool,
    /// The most connections from one address, of 900 in all; an IPv6 /64 counts as one address
    #[arg(long, env = "JOTGATE_CONNECTIONS_PER_ADDRESS", value_name = "COUNT", default_value = "225", value_parser = clap::value_parser!(u16).range(1..=900))]
    pub(crate) connections_per_address: u16,
    /// The most login attempts, and the most failed token requests, from one address in a minute; 0 is no limit
    #[arg(long, env = "JOTGATE_ATTEMPTS_PER_ADDRESS", value_name = "COUNT", default_value = "60")]
    pub(crate) attempts_per_address: u32,
    /// A trusted proxy: it may have all connections, and its X-Forwarded-For is used as the client's address; may be repeated
    #[arg(long, env = "JOTGATE_TRUSTED_PROXY", value_delimiter = ',', value_name = "CIDR", value_parser = network)]
    pub(crate) trusted_proxy: Vec<IpNet>,
    #[command(flatten)]
    pub(crate) documents: DocumentArguments,
}

#[derive(Debug, Args)]
pub(crate) struct Healthcheck {
    /// The address for health and metrics, as `serve` has it
    #[arg(long, env = "JOTGATE_OPS_LISTEN", value_name = "ADDRESS")]
    pub(crate) ops_listen: Option<SocketAddr>,
    /// Ask /healthz/ready instead: whether it signs, too
    #[arg(long)]
    pub(crate) ready: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Token {
    /// The subject: `sub`
    #[arg(long, value_name = "SUBJECT")]
    pub(crate) sub: String,
    /// The scopes: `scope`, words separated by single spaces
    #[arg(long, value_name = "WORDS")]
    pub(crate) scope: Option<String>,
    /// The lifetime; at most what the key may sign [default: 1800, or that maximum if it is shorter]
    #[arg(long, value_name = "DURATION", value_parser = life)]
    pub(crate) ttl: Option<u64>,
    /// The audience: `aud`; may be repeated [default: the issuer]
    #[arg(long, value_name = "AUDIENCE")]
    pub(crate) audience: Vec<String>,
    /// The client: `client_id` [default: the subject]
    #[arg(long, value_name = "CLIENT")]
    pub(crate) client_id: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// List the keys: algorithm, state, past changes and the next step
    #[command(after_help = "Example:
  jotgate-keys keys list
  jotgate-keys keys list --json")]
    List(Json),
    /// Publish a successor that does not sign yet. With another algorithm, this begins a migration
    #[command(after_help = "Example:
  jotgate-keys keys stage --algorithm EdDSA

The ring that signs always has a successor. The first key of another algorithm opens a ring beside it, which takes over
with `keys rotate --algorithm EdDSA`; the keys of the old ring stay published for as long as their tokens live.")]
    Stage(Stage),
    /// Let the successor sign, and publish the next one. Waits until every verifier can have the successor
    #[command(after_help = "Example:
  jotgate-keys keys rotate
  jotgate-keys keys rotate --no-wait

The successor must have been published long enough: after a recent rotation this takes minutes. With --no-wait the command
ends at once, and a running `serve` lets the successor sign as soon as it may. `serve` also rotates by itself when the
period is over. The command may be killed and run again: it goes on with the key that is published already. The old key
stays published for as long as its tokens live.")]
    Rotate(Rotate),
    /// Remove a stolen key from the set. If it signs, its successor signs at once
    #[command(after_help = "Example:
  jotgate-keys keys list
  jotgate-keys keys revoke NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs

Asks first, or needs --yes. Tokens that the key signed are refused from then on, the good ones too.")]
    Revoke(Revoke),
    /// Encrypt the store with a new key-encryption key
    #[command(after_help = "Example:
  jotgate-keys keys rekey

The new key takes the place of the old one in the file; running servers read it there. With JOTGATE_KEK, or with several servers
and one database, the new key is yours to make: put it behind the old one on every server (`JOTGATE_KEK=old,new`, or two lines
of the file) and restart them, then before it (`new,old`), then run this, then take the old one away. While a running server
lacks the new key, or has another one first, the command is refused; `check` lists the servers and their keys.")]
    Rekey,
    /// Accept a store that was restored from a backup, after showing what is restored with it
    #[command(after_help = "Example:
  jotgate-keys keys restored

Asks first, or needs --yes. An older copy of a store brings back keys that were revoked since and clients that were removed,
and forgets keys that verifiers know. Until this command is given, servers publish what they published before, sign nothing,
and answer 503 at /healthz/ready. It shows what is back: revoke or remove again what must not be. On a new machine, give it before
the first `serve`: nothing there remembers the store.")]
    Restored(Confirmation),
    /// Revoke every key because the whole store may be stolen, and sign with a new key at once
    #[command(after_help = "Example:
  jotgate-keys keys emergency

Asks first, or needs --yes. Every token that is alive is refused from then on. A verifier also refuses new tokens until it
fetches the key set again: at the latest when its max-age is over.")]
    Emergency(Confirmation),
}

#[derive(Debug, Args)]
pub(crate) struct Stage {
    /// The tokens that the key signs: `access` or `id`. The first key for ID tokens enables them
    #[arg(long, value_name = "PURPOSE", default_value = "access", value_parser = purpose)]
    pub(crate) purpose: Purpose,
    /// The algorithm of the key [default: as the current signing key]
    #[arg(long, value_name = "ALG", value_parser = algorithm)]
    pub(crate) algorithm: Option<SigningAlgorithm>,
    #[command(flatten)]
    pub(crate) rsa: Rsa,
}

#[derive(Debug, Args)]
pub(crate) struct Rotate {
    /// The tokens whose key is rotated: `access` or `id`
    #[arg(long, value_name = "PURPOSE", default_value = "access", value_parser = purpose)]
    pub(crate) purpose: Purpose,
    /// Do not wait until the successor may sign: a running `serve` finishes the rotation
    #[arg(long)]
    pub(crate) no_wait: bool,
    /// The algorithm of the successor [default: that of the current signing key]
    #[arg(long, value_name = "ALG", value_parser = algorithm)]
    pub(crate) algorithm: Option<SigningAlgorithm>,
}

#[derive(Debug, Args)]
pub(crate) struct Revoke {
    /// The key's identifier, as `keys list` shows it
    // A thumbprint may begin with a hyphen.
    #[arg(value_name = "KID", allow_hyphen_values = true)]
    pub(crate) kid: String,
    #[command(flatten)]
    pub(crate) confirmation: Confirmation,
}

/// A network, or one address.
fn network(text: &str) -> Result<IpNet, String> {
    let address = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse()
        .or_else(|_| address())
        .map_err(|_| "a network such as 10.0.0.0/8 or fd00::/8, or an address".to_owned())
}

fn purpose(text: &str) -> Result<Purpose, String> {
    Purpose::from_name(text).ok_or_else(|| "one of access, id".to_owned())
}

fn rsa_size(text: &str) -> Result<RsaSize, String> {
    let size = text.parse().ok().and_then(RsaSize::from_bits);
    size.ok_or_else(|| format!("one of {}", RsaSize::ALL.map(|size| size.bits().to_string()).join(", ")))
}
