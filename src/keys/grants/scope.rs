//! What a client may ask for: scopes (RFC 6749 §3.3) and resources (RFC 8707).

use crate::http::{Form, GrantRefusal};
use crate::{Client, Purpose, State};

/// The scope that asks for refresh tokens (OpenID Connect Core §11). No access token carries it.
pub(crate) const OFFLINE_ACCESS: &str = "offline_access";

/// The scope that asks for an ID token (OpenID Connect Core §3.1.2.1).
pub(crate) const OPENID: &str = "openid";
/// The scopes that ask for claims about a person (OpenID Connect Core §5.4). They belong to no audience.
pub(crate) const IDENTITY: [&str; 3] = [OPENID, "profile", "email"];

/// Whether that scope asks for claims about a person here, and the client may ask for it.
pub(crate) fn is_identity(state: &State, client: &Client, word: &str) -> bool {
    let may = |word: &str| client.scopes.iter().any(|scope| scope == word);
    IDENTITY.contains(&word)
        && client.login.is_some()
        && may(OPENID)
        && may(word)
        && state.signer_for(Purpose::Id).is_ok()
}

/// The scope that the token gets: what the client asks for, or all that it may ask for. It must be allowed for each
/// audience of the token, because each of them reads it.
pub(crate) fn scope(
    client: &Client,
    audiences: &[String],
    asked: Option<&str>,
) -> Result<Option<String>, GrantRefusal> {
    let may = |audience: &String, word: &str| client.scopes_for(audience).iter().any(|scope| scope == word);
    let allowed = |word: &str| audiences.iter().all(|audience| may(audience, word));
    let Some(asked) = asked else {
        let first = audiences.first().map_or(&[][..], |audience| client.scopes_for(audience));
        // Claims about a person are for those who ask for them.
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

/// RFC 8707 §2: each `resource` must be one of the client's. Without any, the first of them is meant.
pub(crate) fn audiences(client: &Client, form: &Form) -> Result<Vec<String>, GrantRefusal> {
    let asked = narrowed(&client.audiences, form)?;
    Ok(if asked.is_empty() { client.audiences.first().cloned().into_iter().collect() } else { asked })
}

/// The audiences, the scopes, and whether refresh tokens are wanted.
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
    // It means an ID token, or nothing.
    if scopes.iter().any(|word| word == OPENID && !is_identity(word)) {
        return Err(GrantRefusal::Scope);
    }
    let others: Vec<&str> = scopes.iter().map(String::as_str).filter(|word| !is_identity(word)).collect();
    if !others.is_empty() {
        scope(client, &audiences, Some(&others.join(" ")))?;
    }
    Ok((audiences, scopes, offline))
}

/// The resources that a request names; each must be one of `allowed`.
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

/// Whether both are to the letter the same, or the same origin once with a slash and once without.
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
