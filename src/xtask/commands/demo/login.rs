//! A person who logs in at the issuer of the demo, and the client that gets the tokens. It plays the browser and the TLS
//! proxy before the issuer.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use ureq::Agent;
use ureq::http::Response;

const LIMIT: Duration = Duration::from_secs(10);
/// The name of the person and of the client.
pub(crate) const PERSON: &str = "grace";
pub(crate) const CLIENT: &str = "demo-app";
pub(crate) const PASSWORD: &str = "quartz lantern orbit 7";
const REDIRECT: &str = "http://127.0.0.1/login";
/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// What the client has.
pub(crate) struct Tokens {
    pub(crate) access: String,
    refresh: String,
}

impl Tokens {
    /// The refresh token. It must not be shown.
    pub(crate) fn refresh_token(&self) -> &str {
        &self.refresh
    }
}

/// How the issuer refused a request for tokens.
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) error: String,
    pub(crate) description: String,
    pub(crate) took: Duration,
}

/// A client and the browser of a person.
pub(crate) struct Login {
    agent: Agent,
    issuer: String,
}

/// Adds the person; the program reads the password from its standard input.
pub(crate) fn add_person(mut users_add: Command) -> Result<()> {
    let mut child = users_add.arg(PERSON).stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    child.stdin.take().context("no standard input")?.write_all(PASSWORD.as_bytes())?;
    if !child.wait()?.success() {
        bail!("`jotgate-keys users add` failed");
    }
    Ok(())
}

/// The arguments that add the client.
pub(crate) fn client_arguments(audience: &str) -> [&str; 10] {
    [
        "clients",
        "add",
        CLIENT,
        "--public",
        "--offline-access",
        "--redirect",
        REDIRECT,
        "--scope=items:read",
        "--audience",
        audience,
    ]
}

impl Login {
    pub(crate) fn new(issuer: &str) -> Self {
        let config =
            Agent::config_builder().timeout_global(Some(LIMIT)).http_status_as_error(false).max_redirects(0);
        Self { agent: config.build().into(), issuer: issuer.to_owned() }
    }

    /// Logs the person in, allows the client what it asks for, and redeems the code.
    pub(crate) fn by_code(&self) -> Result<Tokens> {
        let url = format!(
            "{}/authorize?response_type=code&client_id={CLIENT}&scope=items:read+offline_access\
             &redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Flogin&code_challenge={CHALLENGE}&code_challenge_method=S256",
            self.issuer
        );
        let page = self.agent.get(&url).header("x-forwarded-proto", "https").call()?;
        let (cookie, token) = form(page)?;
        let fields =
            [("form_token", token.as_str()), ("step", "login"), ("username", PERSON), ("password", PASSWORD)];
        let (cookie, token) = form(self.post(&url, &cookie, &fields)?)?;
        let answer = self.post(&url, &cookie, &[("form_token", &token), ("step", "allow")])?;
        let location = answer.headers().get("location").context("the login did not end")?.to_str()?;
        let code = between(location, "code=", "&").context("the issuer sent no code")?;
        let redirect = "http://127.0.0.1:1/login";
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect),
            ("code_verifier", VERIFIER),
        ];
        self.tokens(&fields)?.ok().context("the issuer refused the code")
    }

    /// Uses the refresh token.
    pub(crate) fn refresh(&self, tokens: &Tokens) -> Result<Result<Tokens, Refusal>> {
        self.tokens(&[("grant_type", "refresh_token"), ("refresh_token", &tokens.refresh)])
    }

    /// Gives the refresh token back.
    pub(crate) fn revoke(&self, tokens: &Tokens) -> Result<()> {
        let url = format!("{}/revoke", self.issuer);
        let answer = self.post(&url, "", &[("client_id", CLIENT), ("token", &tokens.refresh)])?;
        if answer.status() != 200 {
            bail!("the issuer answered {} to a revocation", answer.status());
        }
        Ok(())
    }

    fn tokens(&self, fields: &[(&str, &str)]) -> Result<Result<Tokens, Refusal>> {
        let since = Instant::now();
        let all = [&[("client_id", CLIENT)], fields].concat();
        let mut answer = self.post(&format!("{}/token", self.issuer), "", &all)?;
        let status = answer.status().as_u16();
        let json: Value = serde_json::from_str(&answer.body_mut().read_to_string()?)?;
        let member = |name: &str| json.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(match status {
            200 => Ok(Tokens { access: member("access_token"), refresh: member("refresh_token") }),
            status => Err(Refusal {
                status,
                error: member("error"),
                description: member("error_description"),
                took: since.elapsed(),
            }),
        })
    }

    fn post(&self, url: &str, cookie: &str, fields: &[(&str, &str)]) -> Result<Response<ureq::Body>> {
        let request = self.agent.post(url).header("x-forwarded-proto", "https").header("cookie", cookie);
        Ok(request.send_form(fields.iter().copied())?)
    }
}

/// The cookie that a page sets, and the hidden token of its form.
fn form(mut page: Response<ureq::Body>) -> Result<(String, String)> {
    let cookies = page.headers().get_all("set-cookie").iter().filter_map(|line| line.to_str().ok());
    let set = cookies.filter_map(|line| line.split(';').next()).find(|pair| !pair.ends_with('='));
    let cookie = set.unwrap_or_default().to_owned();
    let html = page.body_mut().read_to_string()?;
    let token = between(&html, "name=\"form_token\" value=\"", "\"").context("the page has no form")?;
    Ok((cookie, token.to_owned()))
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let rest = text.split_once(before)?.1;
    Some(rest.split_once(after).map_or(rest, |(found, _)| found))
}
