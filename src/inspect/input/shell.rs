//! `curl` commands, as people type them and as browsers copy them.

use super::Parsed;
use crate::{excerpt::Excerpt, report::FoundRequest};

/// Options that take a value which is of no interest here.
const VALUED: [&str; 18] = [
    "-o",
    "--output",
    "-A",
    "--user-agent",
    "-e",
    "--referer",
    "-m",
    "--max-time",
    "-x",
    "--proxy",
    "-w",
    "--write-out",
    "-c",
    "--cookie-jar",
    "--cacert",
    "-u",
    "--user",
    "--resolve",
];

impl Parsed {
    /// Reads a `curl` command, and what it printed if that was pasted along.
    pub(super) fn command(&mut self, command: &Excerpt) {
        let (words, rest) = words(command);
        let mut words = words.into_iter().skip(1);
        let mut method = None;
        let mut url: Option<Excerpt> = None;
        let mut has_body = false;
        while let Some(word) = words.next() {
            let text = word.text().to_owned();
            // `-H"…"` and `--header=…` carry their value in the same word.
            let (option, attached) = split_option(&text);
            let mut value = || attached.map(|at| word.slice(at..text.len())).or_else(|| words.next());
            match option {
                "-H" | "--header" => {
                    let Some(value) = value() else { break };
                    if let Some((name, content)) = value.text().split_once(':') {
                        self.header(name.trim(), &value.part(content.trim()));
                    }
                }
                "-b" | "--cookie" => {
                    if let Some(value) = value() {
                        self.cookies(&value, "Cookie");
                    }
                }
                "--oauth2-bearer" => {
                    if let Some(value) = value() {
                        self.credential("Authorization", &value);
                    }
                }
                "-X" | "--request" => method = value().map(|value| value.text().to_owned()),
                "--url" => url = value(),
                "-I" | "--head" => method = Some("HEAD".to_owned()),
                "-d" | "--data" | "--data-raw" | "--data-binary" | "--data-ascii" | "--data-urlencode"
                | "--json" | "-F" | "--form" => {
                    has_body = true;
                    let Some(value) = value() else { break };
                    if value.text().starts_with('{') {
                        self.document(&value);
                        self.documents.clear();
                    } else {
                        self.form(&value);
                    }
                }
                option if VALUED.contains(&option) => {
                    value();
                }
                option if option.starts_with('-') && option.len() > 1 => {}
                _ if url.is_none() => url = Some(word),
                _ => {}
            }
        }
        if let Some(url) = &url {
            self.url(url);
        }
        let method = method.unwrap_or_else(|| if has_body { "POST" } else { "GET" }.to_owned());
        let url = url.map(|url| url.text().to_owned());
        self.request = Some(FoundRequest { method, url, status: None });
        if !rest.text().is_empty() {
            self.output(&rest);
        }
    }

    /// Reads what the command printed. The request line of `-v` is the command's own, so that only status and headers are new.
    fn output(&mut self, rest: &Excerpt) {
        let request = self.request.take();
        if self.headers(rest).is_none() && rest.text().starts_with('{') {
            self.document(rest);
        }
        let status = self.request.take().and_then(|printed| printed.status);
        self.request = request.map(|request| FoundRequest { status, ..request });
    }
}

/// An option and the index at which a value in the same word starts.
fn split_option(word: &str) -> (&str, Option<usize>) {
    if word.starts_with("--") {
        return word.split_once('=').map_or((word, None), |(name, _)| (name, Some(name.len() + 1)));
    }
    match word.get(..2) {
        Some(short @ ("-H" | "-b" | "-X" | "-d" | "-F")) if word.len() > 2 => (short, Some(2)),
        _ => (word, None),
    }
}

/// Splits a command into words as a POSIX shell does (XCU §2.2), and returns the text after its end. The continuations of `cmd` (`^`) and
/// PowerShell (a backtick) are understood too.
fn words(command: &Excerpt) -> (Vec<Excerpt>, Excerpt) {
    let text = command.text();
    let mut words = Vec::new();
    let mut kept: Vec<(usize, usize, char)> = Vec::new();
    let mut in_word = false;
    let mut quote: Option<char> = None;
    let mut ansi = false;
    let mut characters = text.char_indices().peekable();
    let mut end = text.len();
    let take = |kept: &mut Vec<(usize, usize, char)>| {
        let word = command.collected(kept);
        kept.clear();
        word
    };
    while let Some((at, character)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        match (quote, character) {
            (Some('"') | None, '\\') | (Some('\''), '\\') if quote != Some('\'') || ansi => {
                let Some((_, escaped)) = characters.next() else { break };
                match escaped {
                    '\n' => {}
                    '\r' => {
                        characters.next_if(|(_, next)| *next == '\n');
                    }
                    _ => {
                        in_word = true;
                        kept.push((at, escaped.len_utf8(), escaped));
                    }
                }
            }
            (Some(open), _) if character == open => (quote, ansi) = (None, false),
            (Some(_), _) => kept.push((at, character.len_utf8(), character)),
            (None, '^' | '`') if matches!(next, Some('\n' | '\r')) => {
                characters.next_if(|(_, next)| *next == '\r');
                characters.next_if(|(_, next)| *next == '\n');
            }
            (None, '^') if next == Some('"') => {}
            (None, '$') if next == Some('\'') => {
                characters.next();
                (quote, ansi, in_word) = (Some('\''), true, true);
            }
            (None, '"' | '\'') => (quote, in_word) = (Some(character), true),
            (None, '\n') => {
                end = at;
                break;
            }
            (None, _) if character.is_whitespace() => {
                if in_word {
                    words.push(take(&mut kept));
                    in_word = false;
                }
            }
            (None, _) => {
                in_word = true;
                kept.push((at, character.len_utf8(), character));
            }
        }
    }
    if in_word {
        words.push(take(&mut kept));
    }
    (words, command.slice(end..text.len()).trim(char::is_whitespace))
}
