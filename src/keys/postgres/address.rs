//! Reads the address of a database, and finds its password and the certificates that verify its server.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use url::form_urlencoded;

use super::DatabaseRefusal;
use super::passfile::{self, Login};

/// The address of a database: `postgres://USER@HOST:PORT/DATABASE`, with several hosts separated by commas.
///
/// Connections to another machine always use TLS, and verify its certificate and name. Loopback addresses and Unix sockets need no TLS.
/// `sslrootcert=PATH` in the query sets the certificates that verify the server. The default are those of the system.
#[derive(Clone)]
pub struct PostgresAddress {
    config: tokio_postgres::Config,
    verified: bool,
    roots: Option<PathBuf>,
    /// The address without the password.
    shown: String,
}

/// The time limit of one attempt to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// The time that a connection may be silent before the system checks the other side.
const KEEPALIVE: Duration = Duration::from_secs(10);
/// The time that sent bytes may stay unacknowledged.
const UNACKNOWLEDGED: Duration = Duration::from_secs(5);
/// The default port.
const PORT: u16 = 5432;

/// The options of each session. The limits end transactions of a replica that was stopped or disconnected.
const SESSION: &str = "-c search_path=jotgate -c default_transaction_isolation=read\\ committed \
    -c statement_timeout=3s -c lock_timeout=2s -c idle_in_transaction_session_timeout=3s";

impl PostgresAddress {
    /// Whether a text has the form of the address of a database, and not of a path.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        text.starts_with("postgres://") || text.starts_with("postgresql://")
    }

    /// Whether it contains a password.
    #[must_use]
    pub fn has_password(&self) -> bool {
        self.config.get_password().is_some()
    }

    /// Returns the address with the password of the environment or of a password file, if it contains none.
    ///
    /// # Errors
    /// [`DatabaseRefusal::Passfile`].
    pub fn with_password_of(
        mut self,
        password: Option<&str>,
        passfile: Option<&Path>,
    ) -> Result<Self, DatabaseRefusal> {
        if self.has_password() {
            return Ok(self);
        }
        if let Some(password) = password {
            self.config.password(password);
        } else if let Some(path) = passfile {
            let user = self.config.get_user().unwrap_or_default();
            let login = Login {
                host: &self.config.get_hosts().first().map_or_else(String::new, host_name),
                port: self.config.get_ports().first().copied().unwrap_or(PORT),
                database: self.config.get_dbname().unwrap_or(user),
                user,
            };
            if let Some(password) = passfile::find(path, login)? {
                self.config.password(password.as_bytes());
            }
        }
        Ok(self)
    }

    /// Returns the settings of connections.
    pub(super) fn config(&self) -> tokio_postgres::Config {
        self.config.clone()
    }

    /// Returns the TLS settings, which verify the server's certificate and name.
    pub(super) fn tls(&self) -> Result<ClientConfig, DatabaseRefusal> {
        let mut roots = RootCertStore::empty();
        if self.verified {
            for certificate in self.root_certificates()? {
                // A certificate that cannot be read is ignored. The others are used.
                let _ = roots.add(certificate);
            }
            if roots.is_empty() {
                return Err(DatabaseRefusal::RootCertificates { detail: "there is none".to_owned() });
            }
        }
        let failed = |error: tokio_rustls::rustls::Error| DatabaseRefusal::RootCertificates {
            detail: error.to_string(),
        };
        let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
        let builder = builder.with_safe_default_protocol_versions().map_err(failed)?;
        Ok(builder.with_root_certificates(roots).with_no_client_auth())
    }

    fn root_certificates(&self) -> Result<Vec<CertificateDer<'static>>, DatabaseRefusal> {
        let Some(path) = &self.roots else { return Ok(rustls_native_certs::load_native_certs().certs) };
        let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
        read.map_err(|error| DatabaseRefusal::RootCertificates {
            detail: format!("`{}`: {error}", path.display()),
        })
    }
}

impl FromStr for PostgresAddress {
    type Err = DatabaseRefusal;

    fn from_str(text: &str) -> Result<Self, DatabaseRefusal> {
        let refused = |detail: &str| DatabaseRefusal::Address { detail: detail.to_owned() };
        if !Self::is_meant(text) {
            return Err(refused("it does not begin with postgres://"));
        }
        let (place, query) = text.split_once('?').unwrap_or((text, ""));
        let (mut mode, mut roots) = (None, None);
        let mut others = form_urlencoded::Serializer::new(String::new());
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "sslmode" => mode = Some(value.into_owned()),
                "sslrootcert" => roots = Some(PathBuf::from(value.as_ref())),
                "options" => return Err(refused("`options` are set by this program")),
                _ => drop(others.append_pair(&name, &value)),
            }
        }
        // libpq does not decode a plus sign.
        let query = others.finish().replace('+', "%20");
        // The parser's message may contain a part of the text, and thus the password.
        let parsed = format!("{place}?{query}").parse::<tokio_postgres::Config>();
        let mut config = parsed.map_err(|_| refused("it is not a URL that PostgreSQL's programs take"))?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(refused("it names no host"));
        }
        if config.get_user().is_none() {
            return Err(refused("it names no user"));
        }
        let local =
            config.get_hosts().iter().all(is_local) && config.get_hostaddrs().iter().all(IpAddr::is_loopback);
        let verified = match mode.as_deref() {
            Some("verify-full") => true,
            None => !local,
            Some("disable") if local => false,
            Some(mode) => return Err(DatabaseRefusal::Unverified { mode: mode.to_owned() }),
        };
        config
            .ssl_mode(if verified { SslMode::Require } else { SslMode::Disable })
            .target_session_attrs(TargetSessionAttrs::ReadWrite)
            .options(SESSION)
            .application_name("jotgate-keys")
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_user_timeout(UNACKNOWLEDGED)
            .keepalives_idle(KEEPALIVE);
        let shown = shown(&config);
        Ok(Self { config, verified, roots, shown })
    }
}

fn host_name(host: &Host) -> String {
    match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(path) => path.to_string_lossy().into_owned(),
    }
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
    }
}

fn shown(config: &tokio_postgres::Config) -> String {
    let ports = config.get_ports();
    let host = |(index, host): (usize, &Host)| {
        let port = ports.get(index).or(ports.first()).copied().unwrap_or(PORT);
        format!("{}:{port}", host_name(host))
    };
    let hosts: Vec<String> = config.get_hosts().iter().enumerate().map(host).collect();
    let database = config.get_dbname().or(config.get_user()).unwrap_or_default();
    format!("postgres://{}/{database}", hosts.join(","))
}

impl fmt::Display for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresAddress({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<(String, bool), &'static str> {
        let address = text.parse::<PostgresAddress>();
        address.map(|address| (address.to_string(), address.verified)).map_err(|refusal| refusal.code())
    }

    #[test]
    fn another_machine_is_verified_and_this_one_needs_no_tls() {
        for (text, shown, verified) in [
            ("postgres://keys@db.example/jotgate", "postgres://db.example:5432/jotgate", true),
            (
                "postgresql://keys:secret@a.example:1,b.example:2/j",
                "postgres://a.example:1,b.example:2/j",
                true,
            ),
            ("postgres://keys@db.example/j?sslmode=verify-full", "postgres://db.example:5432/j", true),
            ("postgres://keys@127.0.0.1:99/j", "postgres://127.0.0.1:99/j", false),
            ("postgres://keys@localhost/j?sslmode=disable", "postgres://localhost:5432/j", false),
            ("postgres://keys@localhost/j?sslmode=verify-full", "postgres://localhost:5432/j", true),
            ("postgres:///j?host=/run/postgresql&user=keys", "postgres:///run/postgresql:5432/j", false),
        ] {
            assert_eq!(parsed(text), Ok((shown.to_owned(), verified)), "{text}");
        }
    }

    #[test]
    fn an_address_that_would_trust_any_server_or_is_none_is_refused() {
        for mode in ["disable", "prefer", "allow", "require", "verify-ca"] {
            assert_eq!(
                parsed(&format!("postgres://keys@db.example/j?sslmode={mode}")),
                Err("database_unverified")
            );
        }
        for text in [
            "postgres:///j",
            "postgres://db.example/j",
            "postgres://keys@db.example:x/j",
            "mysql://keys@h/j",
            "postgres://keys@h/j?options=-c%20fsync%3Doff",
            "postgres://keys@h/j?unknown=1",
        ] {
            assert_eq!(parsed(text), Err("database_address"), "{text}");
        }
        let loopback_and_other = "postgres://keys@localhost,db.example/j?sslmode=disable";
        assert_eq!(parsed(loopback_and_other), Err("database_unverified"));
    }

    #[test]
    fn no_form_of_it_shows_the_password() {
        let address: PostgresAddress = "postgres://keys:s3cret@localhost/j".parse().unwrap();
        assert!(address.has_password());
        assert!(!format!("{address} {address:?}").contains("s3cret"));
        let refusal = "postgres://keys:s3cret@db.example:x/j".parse::<PostgresAddress>().unwrap_err();
        assert!(!refusal.to_string().contains("s3cret"));
    }
}
