//! `docs/refusals.md` is generated from four tables: the core's, the package's, the login's and that of MCP. No code is outside of them.
//!
//!     JOTGATE_WRITE_REPORTS=1 cargo test -p jotgate-inspect --test refusals_page
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "a test file: what surprises it stops it")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use jotgate_inspect::explanations::{Explanation, Subject, TABLE};

fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// The rows of `codes.ts`: code, why, action.
fn package_codes() -> BTreeMap<String, (String, String)> {
    let text = fs::read_to_string(at("pkg-templates/src/base/codes.ts")).unwrap();
    let (_, table) = text.split_once("PACKAGE_CODES = {").unwrap();
    let (table, _) = table.split_once("\n}").unwrap();
    let mut codes = BTreeMap::new();
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")) {
        let (code, sentences) = line.split_once(": [").unwrap();
        let mut sentences = strings(sentences).into_iter();
        codes.insert(code.to_owned(), (sentences.next().unwrap(), sentences.next().unwrap()));
    }
    codes
}

/// The rows of the login's `errors.ts`: code and message.
fn login_codes() -> Vec<(String, String)> {
    let text = fs::read_to_string(at("pkg-templates/src/login/errors.ts")).unwrap();
    let (_, table) = text.split_once("LOGIN_ERRORS = {").unwrap();
    let (table, _) = table.split_once("\n}").unwrap();
    let rows = table.lines().map(str::trim).filter_map(|line| line.split_once(": "));
    rows.filter(|(code, _)| !code.starts_with("//"))
        .map(|(code, message)| (code.to_owned(), strings(message).remove(0)))
        .collect()
}

/// The rows of `problem.ts` of `jotgate/mcp`: code, HTTP status, JSON-RPC code and message.
fn mcp_codes() -> Vec<(String, String, String, String)> {
    let text = fs::read_to_string(at("pkg-templates/src/mcp/problem.ts")).unwrap();
    let (_, table) = text.split_once("PROBLEMS = {").unwrap();
    let (table, _) = table.split_once("\n}").unwrap();
    let rows = table.lines().map(str::trim).filter_map(|line| line.split_once(": ["));
    rows.map(|(code, row)| {
        let mut numbers = row.split(", ");
        let mut number = || numbers.next().unwrap().to_owned();
        (code.to_owned(), number(), number(), strings(row).remove(0))
    })
    .collect()
}

/// The string literals of a line.
fn strings(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = line;
    while let Some(start) = rest.find(['\'', '"']) {
        let quote = if rest[start..].starts_with('"') { '"' } else { '\'' };
        let inner = &rest[start + 1..];
        let Some(end) = inner.find(quote) else { break };
        found.push(inner[..end].to_owned());
        rest = &inner[end + 1..];
    }
    found
}

/// Every code that the package's sources give to an error or an answer. The login has a class of errors of its own.
fn used_codes() -> BTreeSet<String> {
    /// What precedes a code.
    const MARKS: [&str; 13] = [
        "invalidToken('",
        "denial('",
        "Denial('",
        "failed('",
        "unavailable('",
        "invalid('",
        "malformed('",
        "refusal: '",
        "refusal('",
        "refusal = '",
        "code: '",
        "throw '",
        ".code ?? '",
    ];
    /// Values of `error` in a challenge (RFC 6750 §3.1), which are no codes of the package.
    const OAUTH_ERRORS: [&str; 2] = ["invalid_request", "invalid_token"];
    let mut codes = BTreeSet::new();
    for file in files(&at("pkg-templates/src")) {
        let text = fs::read_to_string(&file).unwrap();
        // One line, so that an argument on the next line is found, too.
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ").replace("( '", "('");
        for mark in MARKS {
            for (start, _) in text.match_indices(mark) {
                let (code, rest) = text[start + mark.len()..].split_once('\'').unwrap();
                // A type that lists codes gives none.
                if rest.starts_with(" |") {
                    continue;
                }
                if code.contains('_')
                    && !code.starts_with('_')
                    && !OAUTH_ERRORS.contains(&code)
                    && code.chars().all(|character| character.is_ascii_lowercase() || character == '_')
                {
                    codes.insert(code.to_owned());
                }
            }
        }
        // The fetching of key sets, of metadata, of introspection answers and of status lists has the same codes, each with its own
        // prefix.
        for (mark, prefixes) in [
            ("`${code}_", &["key_set", "discovery", "introspection", "status_list"][..]),
            ("`${prefix}_", &["jwks", "discovery", "introspection", "status_list"]),
            ("`${kind}_", &["key_set", "status_list"]),
        ] {
            for (start, _) in text.match_indices(mark) {
                let end = text[start + mark.len()..].split('`').next().unwrap();
                codes.extend(prefixes.iter().map(|prefix| format!("{prefix}_{end}")));
            }
        }
        // Each address that metadata may name has a code.
        if text.contains("`discovery_${member}`") {
            codes.extend(["jwks_uri", "introspection_endpoint"].map(|member| format!("discovery_{member}")));
        }
    }
    codes
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !matches!(name.as_str(), "login" | "inspect") {
            found.extend(files(&path));
        } else if name.ends_with(".ts") && name != "codes.ts" {
            found.push(path);
        }
    }
    found
}

#[test]
fn every_code_of_the_package_is_in_one_of_the_two_tables() {
    let (own, used) = (package_codes(), used_codes());
    assert!(own.len() > 20 && used.len() > 20, "the sources were not read: {used:?}");
    for code in &used {
        assert!(
            own.contains_key(code) || Explanation::of(code).is_some(),
            "`{code}` is in neither `base/codes.ts` nor `src/inspect/explanations.rs`"
        );
    }
    let mcp = mcp_codes();
    assert!(mcp.len() > 5, "the table of MCP was not read: {mcp:?}");
    for (code, ..) in &mcp {
        assert!(!own.contains_key(code) && Explanation::of(code).is_none(), "`{code}` is in two tables");
    }
    for code in own.keys() {
        assert!(used.contains(code), "nothing in the package has the code `{code}` of `base/codes.ts`");
        assert!(Explanation::of(code).is_none(), "`{code}` is in both tables");
    }
}

#[test]
fn the_page_is_what_the_tables_say() {
    let path = at("docs/refusals.md");
    let page = page();
    if std::env::var_os("JOTGATE_WRITE_REPORTS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == page,
        "docs/refusals.md is out of date: JOTGATE_WRITE_REPORTS=1 cargo test -p jotgate-inspect --test refusals_page"
    );
}

fn page() -> String {
    const HEAD: &str = "\
# Why a token is refused

Search this page for the code of your refusal. It is `refusal` of an error and of a gate's refusal, and `code` in a gate's JSON answer and in a report
of `jotgate/inspect`. [`observability.md`](observability.md) shows how to log it with the cause. Compare codes, never messages.

This page is generated; the tables are `src/inspect/explanations.rs` and `pkg-templates/src/base/codes.ts`.
";
    const SECTIONS: [(Subject, &str, &str); 4] = [
        (Subject::Format, "Format", "The text is not a well-formed token."),
        (Subject::Signature, "Signature", "No key proves who signed the token."),
        (
            Subject::Claims,
            "Claims and times",
            "The token is signed, but it is not what the policy or the request asks for.",
        ),
        (
            Subject::Setup,
            "Keys and options",
            "A key or an option is wrong: a mistake of the program, not of the token.",
        ),
    ];
    let mut page = HEAD.to_owned();
    let entry = |page: &mut String, code: &str, why: &str, action: &str| {
        page.push_str(&format!("\n### `{code}`\n\n<a id=\"{code}\"></a>{why}\n\n**What to do.** {action}\n"));
    };
    for (subject, title, about) in SECTIONS {
        page.push_str(&format!("\n## {title}\n\n{about}\n"));
        for row in TABLE.iter().filter(|row| row.subject == subject) {
            entry(&mut page, row.code, row.why, row.action);
        }
    }
    page.push_str("\n## Requests and key sets\n\nThe package adds these codes: the request has no usable token, or the keys cannot be fetched.\n");
    for (code, (why, action)) in package_codes() {
        entry(&mut page, &code, &why, &action);
    }
    page.push_str("\n## MCP\n\n`guardTools` of `jotgate/mcp` has these codes: the request is refused before its token is checked. [`mcp.md`](mcp.md) explains them.\n");
    for (code, status, error, message) in mcp_codes() {
        page.push_str(&format!(
            "\n### `{code}`\n\n<a id=\"{code}\"></a>{}{}: status {status}, JSON-RPC error {error}.\n",
            message[..1].to_uppercase(),
            &message[1..]
        ));
    }
    page.push_str("\n## Logins\n\nA `LoginError` of `jotgate/login` has these codes. [`login.md`](login.md#codes) explains what to do.\n");
    for (code, message) in login_codes() {
        page.push_str(&format!(
            "\n### `{code}`\n\n<a id=\"{code}\"></a>{}{}.\n",
            message[..1].to_uppercase(),
            &message[1..]
        ));
    }
    page
}
