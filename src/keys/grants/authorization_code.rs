//! The authorization code grant (RFC 6749 §4.1) with PKCE (RFC 7636).

use aws_lc_rs::digest::{SHA256, digest};
use base64ct::{Base64UrlUnpadded, Encoding};

use super::refresh_token_text::RefreshTokenText;
use super::scope::narrowed;
use super::{Issue, OFFLINE_ACCESS, OPENID, Request, is_identity, ledger_failed, on_ledger};
use crate::http::{Attempt, GrantFault, GrantRefusal, RequestFault};
use crate::ledger::{CodeAttempt, CodeOutcome, Grant, SecretHash};

pub(super) async fn decide(request: &Request<'_>, attempt: &mut Attempt) -> Result<Issue, GrantRefusal> {
    let people = request.people()?;
    let code = request.required("code")?.to_owned();
    let key =
        request.snapshot.state.ledger().and_then(|seal| seal.current()).ok_or(GrantRefusal::GrantType)?;
    let challenge = request.form.get("code_verifier").map(challenge_of).transpose()?;
    let mut grant_random = zeroize::Zeroizing::new([0; 32]);
    getrandom::fill(grant_random.as_mut_slice()).map_err(|_| GrantRefusal::Failed)?;
    // The refresh token is made before the code is redeemed. It needs the grant's identifier, which the code leads to.
    let id = {
        let hash = SecretHash::of(code.as_bytes());
        on_ledger(&people.ledger, move |ledger| ledger.grant_of_code(&hash)).await.map_err(ledger_failed)?
    };
    let Some(id) = id else { return Err(GrantRefusal::Grant(GrantFault::CodeUnknown)) };
    let refresh = RefreshTokenText::new(id, &grant_random);
    let redeem = CodeAttempt {
        hash: SecretHash::of(code.as_bytes()),
        client: request.client.id.clone(),
        redirect_uri: request.form.get("redirect_uri").map(str::to_owned),
        challenge,
        jkt: request.jkt.clone(),
        refresh: refresh.hash(),
        key: key.id().to_owned(),
        now: request.now,
    };
    let outcome = on_ledger(&people.ledger, move |ledger| ledger.redeem_code(&redeem)).await;
    let grant = match outcome.map_err(ledger_failed)? {
        CodeOutcome::Redeemed(grant) => grant,
        CodeOutcome::Unknown => return Err(GrantRefusal::Grant(GrantFault::CodeUnknown)),
        CodeOutcome::Expired => return Err(GrantRefusal::Grant(GrantFault::CodeExpired)),
        CodeOutcome::Reused(grant) => {
            tracing::warn!(
                client = grant.client,
                subject = grant.subject,
                "a code was used twice: its grant has ended"
            );
            return Err(GrantRefusal::Grant(GrantFault::CodeReused));
        }
        CodeOutcome::RedirectUri => return Err(GrantRefusal::Grant(GrantFault::RedirectUri)),
        CodeOutcome::Verifier => return Err(GrantRefusal::Grant(GrantFault::Verifier)),
        CodeOutcome::VerifierUnasked => return Err(GrantRefusal::Request(RequestFault::VerifierUnasked)),
        CodeOutcome::ProofKey => return Err(GrantRefusal::Grant(GrantFault::ProofKey)),
    };
    let refresh = grant.offline.then(|| refresh.into_text());
    issue(request, attempt, &grant, refresh).await
}

/// Makes a token for a grant, with the audiences and scopes of the request.
pub(super) async fn issue(
    request: &Request<'_>,
    attempt: &mut Attempt,
    grant: &Grant,
    refresh_token: Option<zeroize::Zeroizing<String>>,
) -> Result<Issue, GrantRefusal> {
    attempt.subject = Some(grant.subject.clone());
    let (audiences, mut scopes) = narrow(request, grant)?;
    let subject = grant.subject.clone();
    let user = on_ledger(&request.people()?.ledger, move |ledger| ledger.user(&subject)).await;
    let user = user.map_err(ledger_failed)?.filter(|user| !user.disabled);
    let user = user.ok_or(GrantRefusal::Grant(GrantFault::PersonGone))?;
    let id = scopes.iter().any(|scope| scope == OPENID).then(|| grant.clone());
    let scope = Some(scopes.join(" ")).filter(|scope| !scope.is_empty());
    let token = request.token_of(&user, grant, &audiences, scope.as_deref())?;
    if refresh_token.is_some() {
        scopes.push(OFFLINE_ACCESS.to_owned());
    }
    let scope = Some(scopes.join(" ")).filter(|scope| !scope.is_empty());
    Ok(Issue { request: token, scope, refresh_token, id })
}

/// Returns the audiences and scopes of a token: those of the grant, without those that the request omits or the client has lost.
pub(super) fn narrow(
    request: &Request<'_>,
    grant: &Grant,
) -> Result<(Vec<String>, Vec<String>), GrantRefusal> {
    let named = narrowed(&grant.audiences, request.form)?;
    let audiences = if named.is_empty() { grant.audiences.clone() } else { named };
    if !audiences.iter().all(|audience| request.client.audiences.contains(audience)) {
        return Err(GrantRefusal::Target);
    }
    let (state, client) = (&request.snapshot.state, request.client);
    let of_all = |word: &String| audiences.iter().all(|audience| client.scopes_for(audience).contains(word));
    let kept = |word: &&String| is_identity(state, client, word) || *word != OPENID && of_all(word);
    let granted: Vec<String> = grant.scopes.iter().filter(kept).cloned().collect();
    let Some(asked) = request.form.get("scope") else { return Ok((audiences, granted)) };
    let mut scopes: Vec<String> = vec![];
    for word in asked.split(' ').filter(|word| *word != OFFLINE_ACCESS) {
        if !granted.iter().any(|scope| scope == word) || scopes.iter().any(|scope| scope == word) {
            return Err(GrantRefusal::Scope);
        }
        scopes.push(word.to_owned());
    }
    Ok((audiences, scopes))
}

/// Computes the S256 challenge of a verifier (RFC 7636 §4.6).
fn challenge_of(verifier: &str) -> Result<String, GrantRefusal> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    if !(43..=128).contains(&verifier.len()) || !verifier.bytes().all(allowed) {
        return Err(GrantRefusal::Request(RequestFault::VerifierMalformed));
    }
    Ok(Base64UrlUnpadded::encode_string(digest(&SHA256, verifier.as_bytes()).as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_rfc_7636_appendix_b() {
        let challenge = challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").unwrap();
        assert_eq!(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        for bad in ["", "short", &"x".repeat(129), &format!("{}é", "x".repeat(43))] {
            assert!(challenge_of(bad).is_err(), "{bad}");
        }
    }
}
