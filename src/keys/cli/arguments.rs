//! Parses the arguments of the command line into one command. What a command does is not decided here.

use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

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
        value_name = "PLACE",
        default_value = "./jotgate-keys/store.sqlite"
    )]
    pub(crate) store: OsString,
    /// A TOML file with arguments by their names, such as `ops-listen = "127.0.0.1:8412"`
    ///
    /// An argument comes before the environment, and that before the file. An unknown name is refused.
    // It is read before the arguments are.
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
    /// It must not be part of a backup that brings the store back: it is how an older copy of the store is found out.
    #[arg(long, global = true, env = "JOTGATE_MARK_FILE", value_name = "PATH")]
    pub(crate) mark_file: Option<PathBuf>,
    /// The file with the people who log in [default: the store's name with `.ledger` after it]
    #[arg(long, global = true, env = "JOTGATE_LEDGER_FILE", value_name = "PATH")]
    pub(crate) ledger_file: Option<PathBuf>,
    /// How the log is written to stderr: lines for people, or JSON, one object a line
    #[arg(long, global = true, env = "JOTGATE_LOG_FORMAT", value_name = "FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,
    /// How much is logged: error, warn, info, debug or trace
    #[arg(long, global = true, env = "JOTGATE_LOG_LEVEL", value_name = "LEVEL", default_value = "info")]
    pub(crate) log_level: tracing::Level,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// A line for people.
    Text,
    /// An object a line, for programs.
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make the store and its first key; the only command that does
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
    /// Look at the keys, or change them
    #[command(
        subcommand,
        after_help = "Example:
  jotgate-keys keys list
  jotgate-keys keys rotate"
    )]
    Keys(Keys),
    /// Look at the clients that may ask for tokens, or change them
    #[command(
        subcommand,
        after_help = "Example:
  jotgate-keys clients add worker --audience https://api.example
  jotgate-keys clients secret add worker"
    )]
    Clients(Clients),
    /// Look at the people who can log in, or change them
    #[command(
        subcommand,
        after_help = "Example:
  jotgate-keys users add ada
  jotgate-keys users list"
    )]
    Users(Users),
    /// Look at the times that the store was made with, or change them
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
    /// What tokens say in `iss`, and verifiers compare: an https URL (http for loopback addresses)
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: Issuer,
    /// What keys sign with: ES256, EdDSA, ES384, RS256 or PS256
    #[arg(long, value_name = "ALG", default_value = "ES256", value_parser = algorithm)]
    pub(crate) algorithm: SigningAlgorithm,
    #[command(flatten)]
    pub(crate) rsa: Rsa,
    /// Sign ID tokens, too, for people who log in with OpenID Connect: makes keys for RS256. `clients add` with the scope
    /// `openid` does so later, with a wait
    #[arg(long)]
    pub(crate) openid: bool,
    #[command(flatten)]
    pub(crate) times: ChosenTimes,
}

/// See [`RsaSize`].
#[derive(Debug, Args)]
pub(crate) struct Rsa {
    /// The length of an RSA key: 2048, 3072 or 4096 [default: as the key that signs now, else 2048]
    #[arg(long = "rsa-bits", value_name = "BITS", value_parser = rsa_size)]
    size: Option<RsaSize>,
}

impl Rsa {
    /// The length that was chosen, or the usual one.
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
    /// Where to listen: an IP address and a port; port 0 takes a free one
    #[arg(long, env = "JOTGATE_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:8411")]
    pub(crate) listen: SocketAddr,
    /// Where to answer `/healthz/live`, `/healthz/ready` and `/metrics` (Prometheus) [default: nowhere]
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
    /// Write the certificate of --dev-tls to this file, for clients that have to trust it
    #[arg(long, value_name = "PATH", requires = "dev_tls")]
    pub(crate) dev_tls_out: Option<PathBuf>,
    /// Listen on addresses that others can reach, without TLS
    #[arg(long, env = "JOTGATE_ALLOW_NON_LOOPBACK")]
    pub(crate) allow_non_loopback: bool,
    /// How many of the 900 places for connections one address may have; an IPv6 /64 is one address
    #[arg(long, env = "JOTGATE_CONNECTIONS_PER_ADDRESS", value_name = "COUNT", default_value = "225", value_parser = clap::value_parser!(u16).range(1..=900))]
    pub(crate) connections_per_address: u16,
    /// How many attempts to log in, and how many failed requests for tokens, one address has in a minute; 0 is no limit
    #[arg(long, env = "JOTGATE_ATTEMPTS_PER_ADDRESS", value_name = "COUNT", default_value = "60")]
    pub(crate) attempts_per_address: u32,
    /// A proxy: it may have every place, and the log shows the address from its X-Forwarded-For; may be repeated
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
    /// Who the token is about: `sub`
    #[arg(long, value_name = "SUBJECT")]
    pub(crate) sub: String,
    /// What it allows: `scope`, words separated by single spaces
    #[arg(long, value_name = "WORDS")]
    pub(crate) scope: Option<String>,
    /// How long it lives; never longer than the key may sign [default: 1800, or that if it is shorter]
    #[arg(long, value_name = "DURATION", value_parser = life)]
    pub(crate) ttl: Option<u64>,
    /// Who it is for: `aud`; may be repeated [default: the issuer]
    #[arg(long, value_name = "AUDIENCE")]
    pub(crate) audience: Vec<String>,
    /// Who asked for it: `client_id` [default: the subject]
    #[arg(long, value_name = "CLIENT")]
    pub(crate) client_id: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// List every key: its algorithm and state, what happened when, and the next step
    #[command(after_help = "Example:
  jotgate-keys keys list
  jotgate-keys keys list --json")]
    List(Json),
    /// Publish a successor that does not sign yet; of another algorithm, to begin a migration
    #[command(after_help = "Example:
  jotgate-keys keys stage --algorithm EdDSA

The ring that signs always has a successor. The first key of another algorithm opens a ring beside it, which takes over
with `keys rotate --algorithm EdDSA`; the keys of the old ring stay published for as long as their tokens live.")]
    Stage(Stage),
    /// Let the successor sign now and publish the next one; waits until every verifier can have it
    #[command(after_help = "Example:
  jotgate-keys keys rotate
  jotgate-keys keys rotate --no-wait

The successor must have been published long enough: after a recent rotation this takes minutes. With --no-wait the command
ends at once, and a running `serve` lets the successor sign as soon as it may. `serve` also rotates by itself when the
period is over. The command may be killed and run again: it goes on with the key that is published already. The old key
stays published for as long as its tokens live.")]
    Rotate(Rotate),
    /// Take a stolen key out of the set; if it signs, its successor signs at once
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
    /// Go on with a store that was restored from a backup, after a look at what comes back with it
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
    /// What the key signs: `access` or `id` tokens. The first key for ID tokens switches them on
    #[arg(long, value_name = "PURPOSE", default_value = "access", value_parser = purpose)]
    pub(crate) purpose: Purpose,
    /// What the key signs with [default: as the key that signs now]
    #[arg(long, value_name = "ALG", value_parser = algorithm)]
    pub(crate) algorithm: Option<SigningAlgorithm>,
    #[command(flatten)]
    pub(crate) rsa: Rsa,
}

#[derive(Debug, Args)]
pub(crate) struct Rotate {
    /// Whose successor is to sign: that of the key for `access` tokens or for `id` tokens
    #[arg(long, value_name = "PURPOSE", default_value = "access", value_parser = purpose)]
    pub(crate) purpose: Purpose,
    /// Do not wait until the successor may sign: a running `serve` finishes the rotation
    #[arg(long)]
    pub(crate) no_wait: bool,
    /// Which ring's successor is to sign [default: the one that signs now]
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
