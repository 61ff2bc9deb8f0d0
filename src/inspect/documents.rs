//! Metadata of issuers and protected resources, and responses of issuers: their members and what is wrong with them.

use crate::{
    claims::{self, Context, Owner},
    json::{self, Members},
    report::DocumentReport,
};

/// Reads a document of a kind that [`crate::input`] recognised.
pub(crate) fn read(
    kind: &'static str,
    from: &'static str,
    text: &str,
    context: &Context<'_>,
) -> DocumentReport {
    let members = Members::read(text);
    let value = |name: &str| members.as_ref().and_then(|members| members.text(name));
    let servers = members.as_ref().and_then(|members| json::strings(members.raw("authorization_servers")?));
    let owner = if matches!(kind, "json" | "introspection") { Owner::Claims(None) } else { Owner::Document };
    let problems = match (&members, kind) {
        (None, _) => vec![broken(text)],
        (Some(members), "issuer_metadata") => issuer_problems(members),
        (Some(members), "resource_metadata") => resource_problems(members),
        (Some(members), "token_response") => response_problems(members),
        (Some(_), _) => Vec::new(),
    };
    DocumentReport {
        kind,
        from,
        members: claims::members(text, owner, context).unwrap_or_default(),
        issuer: value("issuer"),
        jwks_uri: value("jwks_uri"),
        authorization_servers: servers,
        problems,
    }
}

fn broken(text: &str) -> String {
    match json::first_error(text) {
        Some((at, _)) => format!("The document is not valid JSON: the fault is at byte {at}."),
        None => "The document is JSON, but not an object.".to_owned(),
    }
}

/// What RFC 8414 §2 requires, and what clients of OAuth 2.1 and MCP need.
fn issuer_problems(metadata: &Members<'_>) -> Vec<String> {
    let mut problems = missing(
        metadata,
        &["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "response_types_supported"],
    );
    if let Some(issuer) = metadata.text("issuer") {
        if !is_secure(&issuer) {
            problems.push("`issuer` has to be an https URL.".to_owned());
        }
        if issuer.contains(['?', '#']) {
            problems.push("`issuer` must not have a query or a fragment.".to_owned());
        }
    }
    let methods =
        metadata.raw("code_challenge_methods_supported").and_then(json::strings).unwrap_or_default();
    if metadata.raw("authorization_endpoint").is_some() && !methods.iter().any(|method| method == "S256") {
        problems.push(
            "`code_challenge_methods_supported` does not contain `S256`: MCP clients stop here.".to_owned(),
        );
    }
    problems
}

/// What RFC 9728 §2 requires, and what clients need.
fn resource_problems(metadata: &Members<'_>) -> Vec<String> {
    let mut problems = missing(metadata, &["resource", "authorization_servers"]);
    if metadata.text("resource").is_some_and(|resource| !is_secure(&resource)) {
        problems.push("`resource` has to be an https URL.".to_owned());
    }
    if metadata.text("resource").is_some_and(|resource| resource.contains('#')) {
        problems.push("`resource` must not have a fragment.".to_owned());
    }
    let servers = metadata.raw("authorization_servers").map(json::strings);
    if servers.is_some_and(|servers| servers.is_none_or(|servers| servers.is_empty())) {
        problems.push("`authorization_servers` has to be a list of at least one issuer.".to_owned());
    }
    problems
}

/// What RFC 6749 §5.1 requires.
fn response_problems(response: &Members<'_>) -> Vec<String> {
    let mut problems = missing(response, &["access_token", "token_type"]);
    if response.raw("expires_in").is_some_and(|raw| json::number(raw).is_none()) {
        problems.push("`expires_in` has to be a number of seconds.".to_owned());
    }
    problems
}

fn missing(document: &Members<'_>, names: &[&str]) -> Vec<String> {
    let absent = names.iter().filter(|name| document.raw(name).is_none());
    absent.map(|name| format!("`{name}` is missing.")).collect()
}

/// Whether an address may be used: https, or this machine.
fn is_secure(url: &str) -> bool {
    ["https://", "http://localhost", "http://127.0.0.1", "http://[::1]"]
        .iter()
        .any(|start| url.starts_with(start))
}
