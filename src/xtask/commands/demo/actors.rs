//! Starts the issuer and the worker of the demo on loopback.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::cargo::cargo;
use crate::commands::demo::login;
use crate::process::{self, Server};
use crate::ui::progress;
use crate::{files, npm, paths};

/// The audience of the tokens.
pub(crate) const AUDIENCE: &str = "https://api.example";
/// Keys may be cached for one second and reach every replica after three, so a successor may sign five seconds
/// after its publication.
const QUICK: [&str; 8] =
    ["--max-age", "1", "--replica-delay", "3", "--fetch-time", "1", "--clock-difference", "0"];
/// How long a program may take to start. The machine may be busy.
const READY: Duration = Duration::from_secs(60);

/// Builds `jotgate-keys`.
pub(crate) fn build_companion() -> Result<PathBuf> {
    let mut command = cargo(&["build", "--package", "jotgate-keys"], "");
    progress::step("building the companion", |step| process::run_ok(&mut command, step))?;
    Ok(paths::target("debug/jotgate-keys"))
}

/// `jotgate-keys` with a store of its own, serving.
pub(crate) struct Companion {
    program: PathBuf,
    store: PathBuf,
    /// A second store, whose keys are not published.
    stranger: PathBuf,
    pub(crate) issuer: String,
    address: SocketAddr,
    server: Option<Server>,
}

/// How people reach the companion's login, which needs TLS.
enum Transport {
    /// Plain HTTP: the demo itself plays the TLS proxy before the issuer.
    Proxied,
    /// `--dev-tls`, as a browser needs it, and ID tokens.
    Tls,
}

/// The claims of a token.
#[derive(Clone, Copy)]
pub(crate) struct Wish<'a> {
    pub(crate) audience: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) scope: &'a str,
    /// Its lifetime, in seconds.
    pub(crate) life: u64,
}

impl Companion {
    /// Makes the stores and serves the first.
    pub(crate) fn start(program: PathBuf, folder: &Path) -> Result<Self> {
        Self::serve(program, folder, &Transport::Proxied, &login::client_arguments(AUDIENCE))
    }

    /// [`Companion::start`] with `--dev-tls`, and with that client. Returns the fingerprint of the certificate, too.
    pub(crate) fn start_with_tls(program: PathBuf, folder: &Path, client: &[&str]) -> Result<(Self, String)> {
        let mut companion = Self::serve(program, folder, &Transport::Tls, client)?;
        let server = companion.server.as_mut().context("the companion does not run")?;
        let fingerprint =
            server.wait_for(READY, |line| line.strip_prefix("certificate SHA-256 ").map(str::to_owned))?;
        Ok((companion, fingerprint))
    }

    fn serve(program: PathBuf, folder: &Path, transport: &Transport, client: &[&str]) -> Result<Self> {
        // The store needs the issuer's address before the server listens there.
        let address = free_address()?;
        let (scheme, further, openid): (_, &[&str], &[&str]) = match transport {
            Transport::Proxied => ("http", &["--trusted-proxy", "127.0.0.1"], &[]),
            Transport::Tls => ("https", &["--dev-tls"], &["--openid"]),
        };
        let mut companion = Self {
            program,
            store: folder.join("store.sqlite"),
            stranger: folder.join("stranger.sqlite"),
            issuer: format!("{scheme}://{address}"),
            address,
            server: None,
        };
        for store in [&companion.store, &companion.stranger] {
            let mut init = vec!["init", "--issuer", &companion.issuer];
            init.extend(QUICK.iter().chain(openid));
            companion.run(store, &init)?;
        }
        let mut users_add = companion.command(&companion.store);
        users_add.args(["users", "add"]);
        login::add_person(users_add)?;
        companion.run(&companion.store, client)?;
        let mut serve = companion.command(&companion.store);
        serve.args(["serve", "--listen", &address.to_string()]).args(further);
        let mut server = Server::start("the companion", &mut serve)?;
        server.wait_for(READY, |line| line.contains("listening on").then_some(()))?;
        companion.server = Some(server);
        Ok(companion)
    }

    /// Adds a client for client credentials. Returns its secret.
    pub(crate) fn add_client(&self, name: &str, scope: &str, audience: &str) -> Result<String> {
        let words = ["clients", "add", name, "--scope", scope, "--audience", audience];
        let printed = self.run(&self.store, &words)?;
        let secret = printed.lines().find_map(|line| line.strip_prefix("client_secret: "));
        secret.map(str::to_owned).context("the companion printed no secret")
    }

    /// A token of the key that signs now.
    pub(crate) fn token(&self, wish: Wish<'_>) -> Result<String> {
        self.mint(&self.store, wish)
    }

    /// A token with the same issuer, signed by a key that the issuer does not have.
    pub(crate) fn strangers_token(&self, wish: Wish<'_>) -> Result<String> {
        self.mint(&self.stranger, wish)
    }

    /// Rotates: a new key signs, the old one stays published.
    pub(crate) fn rotate(&self) -> Result<()> {
        self.run(&self.store, &["keys", "rotate"]).map(drop)
    }

    /// Stops the server. The worker only has the keys that it fetched before.
    pub(crate) fn stop(&mut self) -> Result<()> {
        if let Some(server) = self.server.take() {
            server.stop();
        }
        match TcpStream::connect(self.address) {
            Err(_) => Ok(()),
            Ok(_) => bail!("a server still answers at {}", self.issuer),
        }
    }

    pub(crate) fn alive(&mut self) -> Result<()> {
        self.server.as_mut().map_or(Ok(()), Server::alive)
    }

    fn mint(&self, store: &Path, wish: Wish<'_>) -> Result<String> {
        let Wish { audience, subject, scope, life } = wish;
        let life = life.to_string();
        let words = ["token", "--sub", subject, "--scope", scope, "--audience", audience, "--ttl", &life];
        Ok(self.run(store, &words)?.trim().to_owned())
    }

    fn run(&self, store: &Path, words: &[&str]) -> Result<String> {
        let mut command = self.command(store);
        let output = process::run(command.args(words), READY, &progress::Step::quiet())?;
        if !output.succeeded {
            // Not its standard output, which may contain a token.
            bail!("`jotgate-keys {}`: {}\n{}", words.join(" "), output.ending, output.standard_error());
        }
        Ok(output.standard_output())
    }

    fn command(&self, store: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--store").arg(store);
        command
    }
}

/// A folder of `examples` with a `worker.js`.
pub(crate) struct Example<'a> {
    pub(crate) folder: &'static str,
    /// The texts that the worker finds in `env`.
    pub(crate) bindings: &'a [(&'static str, &'a str)],
    /// Where it listens; 0 for any free port.
    pub(crate) port: u16,
}

/// A real workerd that runs an example.
pub(crate) struct Worker {
    server: Server,
    pub(crate) address: String,
}

impl Worker {
    /// Bundles the example as a user would, with the package installed beside it, and starts it.
    pub(crate) fn start(package: &Path, folder: &Path, example: &Example<'_>) -> Result<Self> {
        let project = folder.join("worker");
        files::copy(&paths::at("examples").join(example.folder), &project)?;
        files::copy(package, &project.join("node_modules/jotgate"))?;
        let bundle = project.join("bundle");
        progress::step("bundling the example worker", |step| {
            let mut esbuild = npm::tool("esbuild");
            // The example's other packages are tools of the tests.
            esbuild.env("NODE_PATH", paths::at("tests/node_modules"));
            esbuild.current_dir(&project).arg("worker.js").arg(format!("--outdir={}", bundle.display()));
            esbuild.args([
                "--bundle",
                "--format=esm",
                "--conditions=workerd,worker,browser",
                "--log-level=warning",
            ]);
            esbuild.args(["--external:cloudflare:*", "--loader:.wasm=copy", "--asset-names=[name]"]);
            process::run_ok(&mut esbuild, step)
        })?;
        let config = bundle.join("worker.capnp");
        fs::write(&config, configuration(&bundle, example.bindings)?)?;
        let mut workerd = workerd()?;
        // workerd writes the port to this descriptor.
        let socket = format!("--socket-addr=http=127.0.0.1:{}", example.port);
        workerd.arg("serve").arg(&config).arg(socket).arg("--control-fd=1");
        let mut server = Server::start("workerd", &mut workerd)?;
        let port = server.wait_for(READY, listening)?;
        Ok(Self { server, address: format!("http://127.0.0.1:{port}") })
    }

    pub(crate) fn alive(&mut self) -> Result<()> {
        self.server.alive()
    }
}

/// An address of loopback that was free a moment ago.
pub(crate) fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// `{"event":"listen","socket":"http","port":40123}` → 40123
fn listening(line: &str) -> Option<u64> {
    let event: Value = serde_json::from_str(line).ok()?;
    let kind = event.get("event")?.as_str()?;
    event.get("port")?.as_u64().filter(|_| kind == "listen")
}

/// The program itself. The `workerd` in `.bin` is a script that starts it as a second process.
fn workerd() -> Result<Command> {
    let mut ask = npm::node(&["--print", "require('workerd').default"]);
    ask.current_dir(paths::at("tests"));
    let path = process::output_of(&mut ask)
        .context("the npm package workerd is missing: run `cargo xtask setup`")?;
    Ok(Command::new(path))
}

fn configuration(bundle: &Path, bindings: &[(&str, &str)]) -> Result<String> {
    let bindings: String = bindings
        .iter()
        .map(|(name, text)| format!("    (name = \"{name}\", text = \"{text}\"),\n"))
        .collect();
    let names = files::entries(bundle)?;
    let names =
        names.iter().filter_map(|path| path.file_name()?.to_str()).filter(|name| name.ends_with(".wasm"));
    let wasm: String =
        names.map(|name| format!("    (name = \"./{name}\", wasm = embed \"{name}\"),\n")).collect();
    if wasm.is_empty() {
        bail!("the bundle contains no .wasm: the package's `workerd` condition was not used");
    }
    Ok(format!(
        r#"using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    # Without this a worker cannot reach loopback.
    (name = "internet", network = (allow = ["public", "private"])),
  ],
  sockets = [ (name = "http", http = (), service = "main") ],
);

const worker :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "worker.js"),
{wasm}  ],
  bindings = [
{bindings}  ],
  compatibilityDate = "2026-10-01",
);
"#
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_of_workerd_is_read() {
        assert_eq!(listening(r#"{"event":"listen","socket":"http","port":40123}"#), Some(40123));
        assert_eq!(listening(r#"{"event":"listen-inspector","port":1}"#), None);
        assert_eq!(listening("workerd is ready"), None);
    }
}
