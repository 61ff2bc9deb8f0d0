//! Checks the scopes (RFC 6749 §3.3) and resources (RFC 8707) that a client requests.

use crate::http::{Form, GrantRefusal};
use crate::{Client, Purpose, State};

/// The scope for refresh tokens (OpenID Connect Core §11). Access tokens never contain it.
pub(crate) const OFFLINE_ACCESS: &str = "offline_access";

/// The scope for an ID token (OpenID Connect Core §3.1.2.1).
pub(crate) const OPENID: &str = "openid";
/// The scopes for claims about a person (OpenID Connect Core §5.4). They belong to no audience.
pub(crate) const IDENTITY: [&str; 3] = [OPENID, "profile", "email"];

/// Whether a scope is for claims about a person, and the client may request it.
pub(crate) fn is_identity(state: &State, client: &Client, word: &str) -> bool {
    let may = |word: &str| client.scopes.iter().any(|scope| scope == word);
    IDENTITY.contains(&word)
        && client.login.is_some()
        && may(OPENID)
        && may(word)
        && state.signer_for(Purpose::Id).is_ok()
}

/// Returns the scope of the token: the requested one, or everything that the client may request. It must be allowed for each
/// audience of the token, because each audience accepts it.
pub(crate) fn scope(
    client: &Client,
    audiences: &[String],
    asked: Option<&str>,
) -> Result<Option<String>, GrantRefusal> {
    let may = |audience: &String, word: &str| client.scopes_for(audience).iter().any(|scope| scope == word);
    let allowed = |word: &str| audiences.iter().all(|audience| may(audience, word));
    let Some(asked) = asked else {
        let first = audiences.first().map_or(&[][..], |audience| client.scopes_for(audience));
        // Claims about a person must be requested explicitly.
        let about_people = client.login.is_some() && client.scopes.iter().any(|scope| scope == OPENID);
        let meant = |word: &&str| allowed(word) && !(about_people && IDENTITY.contains(word));
        let all: Vec<&str> = first.iter().map(String::as_str).filter(meant).collect();
        return Ok(Some(all.join(" ")).filter(|scope| !scope.is_empty()));
    };
    let mut words: Vec<&str> = vec![];
    for word in asked.split(' ') {
        if !allowed(word) || words.contains(&word) {
            return Err(GrantRefusal::Scope);
        }
        words.push(word);
    }
    Ok(Some(asked.to_owned()))
}

/// Returns the audiences of the token. Each `resource` must be one of the client's audiences (RFC 8707 §2). Default: the first of them.
pub(crate) fn audiences(client: &Client, form: &Form) -> Result<Vec<String>, GrantRefusal> {
    let asked = narrowed(&client.audiences, form)?;
    Ok(if asked.is_empty() { client.audiences.first().cloned().into_iter().collect() } else { asked })
}

/// Returns the audiences, the scopes, and whether refresh tokens are requested.
pub(crate) fn asked(
    form: &Form,
    state: &State,
    client: &Client,
) -> Result<(Vec<String>, Vec<String>, bool), GrantRefusal> {
    let audiences = audiences(client, form)?;
    let is_identity = |word: &str| is_identity(state, client, word);
    let split = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let Some(text) = form.get("scope") else {
        let all = scope(client, &audiences, None)?.map(|all| split(&all)).unwrap_or_default();
        return Ok((audiences, all, false));
    };
    let mut scopes = split(text);
    let offline = scopes.iter().any(|word| word == OFFLINE_ACCESS);
    if offline && !client.login.as_ref().is_some_and(|login| login.offline_access) {
        return Err(GrantRefusal::Scope);
    }
    scopes.retain(|word| word != OFFLINE_ACCESS);
    if scopes.iter().enumerate().any(|(index, word)| scopes.iter().take(index).any(|seen| seen == word)) {
        return Err(GrantRefusal::Scope);
    }
    // `openid` is only for ID tokens.
    if scopes.iter().any(|word| word == OPENID && !is_identity(word)) {
        return Err(GrantRefusal::Scope);
    }
    let others: Vec<&str> = scopes.iter().map(String::as_str).filter(|word| !is_identity(word)).collect();
    if !others.is_empty() {
        scope(client, &audiences, Some(&others.join(" ")))?;
    }
    Ok((audiences, scopes, offline))
}

/// Returns the resources in a request. Each must be one of `allowed`.
pub(super) fn narrowed(allowed: &[String], form: &Form) -> Result<Vec<String>, GrantRefusal> {
    let mut audiences: Vec<String> = vec![];
    for resource in form.all("resource") {
        // RFC 3986 §6.2.3: an origin with and without a slash is one resource.
        let same = |audience: &&String| same_resource(audience, resource);
        let audience = allowed.iter().find(same).ok_or(GrantRefusal::Target)?;
        if !audiences.contains(audience) {
            audiences.push(audience.clone());
        }
    }
    Ok(audiences)
}

/// Whether both texts are identical, or the same origin with and without a slash.
fn same_resource(one: &str, other: &str) -> bool {
    let origin = |text: &str| text.split_once("://").is_some_and(|(_, rest)| !rest.contains(['/', '?']));
    one == other
        || one.strip_suffix('/').is_some_and(|bare| bare == other && origin(bare))
        || other.strip_suffix('/').is_some_and(|bare| bare == one && origin(bare))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_one_resource_with_and_without_a_slash_and_nothing_else_is() {
        for (one, other, same) in [
            ("https://a.example", "https://a.example/", true),
            ("https://a.example/", "https://a.example", true),
            ("https://a.example/x", "https://a.example/x/", false),
            ("https://a.example", "https://a.example//", false),
            ("api", "api/", false),
        ] {
            assert_eq!(same_resource(one, other), same, "{one} {other}");
        }
    }
}
