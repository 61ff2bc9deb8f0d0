//! The requests of the demo, in order, with the expected answers.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use console::style;

use crate::commands::demo::actors::{AUDIENCE, Companion, Wish, Worker};
use crate::commands::demo::answer::{Client, Expected};
use crate::commands::demo::login::{Login, Refusal};
use crate::commands::demo::tokens;
use crate::ui::progress::{self, print_line};
use crate::ui::table::{Table, Tone};
use crate::ui::terminal;

const ADA: Wish<'static> = Wish { audience: AUDIENCE, subject: "ada", scope: "items:read", life: 600 };
/// The `sub` of a person is random.
const PERSON_PASSED: Expected = Expected::Passed { subject: "u_…" };
const PASSED: Expected = Expected::Passed { subject: ADA.subject };

/// Sends the requests and shows the rows.
pub(crate) fn run(stage: &mut Stage) -> Result<()> {
    let minted = Instant::now();
    let short = stage.companion.token(Wish { life: 1, ..ADA })?;
    let good = stage.companion.token(ADA)?;
    let elsewhere = stage.companion.token(Wish { audience: "another-api", ..ADA })?;
    let admin = stage.companion.token(Wish { subject: "mallory", scope: "items:read items:admin", ..ADA })?;
    let strange = stage.companion.strangers_token(ADA)?;

    stage.begin();
    stage.row("good token", Some(&good), PASSED)?;
    stage.ask("no token", "/items", None, Expected::Challenged)?;
    stage.wait_until("waiting for a token to expire", minted, Duration::from_millis(7_100));
    stage.row("expired token", Some(&short), invalid("expired"))?;
    stage.row("token for another audience", Some(&elsewhere), invalid("audience_mismatch"))?;
    stage.row("tampered token", Some(&tokens::tampered(&good, &admin)?), invalid("signature_mismatch"))?;
    stage.row("token by a stranger's key", Some(&strange), invalid("no_matching_key"))?;
    stage.row("unsigned token, alg: none", Some(&tokens::unsigned(&good)?), invalid("algorithm_none"))?;
    stage.row("garbage", Some("not-a-token"), invalid("token_parts"))?;
    let missing = Expected::Refused { status: 400, error: "invalid_request", code: "credentials_missing" };
    stage.ask("Bearer without a token", "/items", Some("Bearer"), missing)?;
    let scope = Expected::Refused { status: 403, error: "insufficient_scope", code: "insufficient_scope" };
    stage.ask("too few scopes, for GET /admin", "/admin", Some(&format!("Bearer {good}")), scope)?;

    let login = Login::new(&stage.companion.issuer);
    let tokens = progress::silently("a person logs in", |_| login.by_code())?;
    stage.row("login by code", Some(&tokens.access), PERSON_PASSED)?;
    match login.refresh(&tokens)? {
        Ok(renewed) => {
            stage.row("refresh", Some(&renewed.access), PERSON_PASSED)?;
            login.revoke(&renewed)?;
            stage.show_refusal("refresh, after it was revoked", login.refresh(&renewed)?.err());
        }
        Err(refusal) => stage.show_refusal("refresh", Some(refusal)),
    }

    progress::silently("the issuer rotates its keys", |_| stage.companion.rotate())?;
    let new = stage.companion.token(ADA)?;
    stage.row("old key's token, after rotation", Some(&good), PASSED)?;
    stage.row("new key's token", Some(&new), PASSED)?;
    stage.companion.stop()?;
    stage.row("good token, issuer stopped", Some(&new), PASSED)
}

const fn invalid(code: &'static str) -> Expected {
    Expected::Refused { status: 401, error: "invalid_token", code }
}

/// The servers, and the results so far.
pub(crate) struct Stage {
    companion: Companion,
    worker: Worker,
    client: Client,
    table: Table,
    rows: usize,
    as_expected: usize,
}

impl Stage {
    pub(crate) fn new(companion: Companion, worker: Worker, table: Table) -> Self {
        Self { companion, worker, client: Client::new(), table, rows: 0, as_expected: 0 }
    }

    /// Shows the sum. Returns whether every row was as expected.
    pub(crate) fn finish(self, took: Duration) -> bool {
        let all = self.as_expected == self.rows && self.rows > 0;
        print_line(self.table.rule());
        let sum =
            format!("  {} of {} rows as expected, in {}", self.as_expected, self.rows, terminal::time(took));
        let sum = style(sum);
        print_line(if all { sum.green() } else { sum.red().bold() });
        let note = "  The first row's time includes fetching the issuer's keys. So that a rotation can be watched, the issuer lets them be cached for one second only, and its next key sign five seconds after it was published.";
        print_line(style(terminal::wrapped(note, 2)).dim());
        all
    }

    fn begin(&self) {
        print_line(self.table.head());
    }

    fn row(&mut self, name: &str, token: Option<&str>, expected: Expected) -> Result<()> {
        let authorization = token.map(|token| format!("Bearer {token}"));
        self.ask(name, "/items", authorization.as_deref(), expected)
    }

    fn ask(&mut self, name: &str, path: &str, authorization: Option<&str>, expected: Expected) -> Result<()> {
        // If a server has ended, show that instead of a missing answer.
        self.companion.alive()?;
        let url = format!("{}{path}", self.worker.address);
        let answer = match self.client.get(&url, authorization) {
            Ok(answer) => answer,
            Err(error) => {
                self.worker.alive()?;
                return Err(error);
            }
        };
        let tone = if expected.is(&answer) { Tone::Good } else { Tone::Bad };
        self.rows += 1;
        self.as_expected += usize::from(tone == Tone::Good);
        let mut shown = answer.summary();
        if let (Tone::Bad, Some(code)) = (tone, answer.code()) {
            // The text may be right while the exact reason is another.
            shown = format!("{shown} ({code})");
        }
        let cells = [name.to_owned(), expected.summary(), shown, terminal::time(answer.took)];
        print_line(self.table.row(tone, &cells));
        Ok(())
    }

    /// A request to the issuer that must be refused as `invalid_grant`.
    fn show_refusal(&mut self, name: &str, refusal: Option<Refusal>) {
        let right =
            refusal.as_ref().is_some_and(|refusal| refusal.status == 400 && refusal.error == "invalid_grant");
        let tone = if right && name != "refresh" { Tone::Good } else { Tone::Bad };
        self.rows += 1;
        self.as_expected += usize::from(tone == Tone::Good);
        let (shown, took) = match refusal {
            Some(Refusal { status, error, description, took }) => {
                (format!("{status} {error}: {description}"), terminal::time(took))
            }
            None => ("200, new tokens".to_owned(), String::new()),
        };
        let cells = [name.to_owned(), "400 invalid_grant".to_owned(), shown, took];
        print_line(self.table.row(tone, &cells));
    }

    fn wait_until(&self, name: &str, since: Instant, time: Duration) {
        let wait = time.saturating_sub(since.elapsed());
        // Sleeping cannot fail.
        let _ = progress::silently(name, |_| {
            thread::sleep(wait);
            Ok(())
        });
    }
}
