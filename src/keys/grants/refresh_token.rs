//! The refresh token grant (RFC 6749 §6): each token is used once and has one successor (RFC 9700 §4.14.2).

use super::authorization_code::{issue, narrow};
use super::refresh_token_text::RefreshTokenText;
use super::{Issue, Request, ledger_failed, on_ledger};
use crate::http::{Attempt, GrantFault, GrantRefusal};
use crate::ledger::{RefreshAttempt, RefreshOutcome};

pub(super) async fn decide(request: &Request<'_>, attempt: &mut Attempt) -> Result<Issue, GrantRefusal> {
    let people = request.people()?;
    let unknown = GrantRefusal::Grant(GrantFault::RefreshUnknown);
    let presented = RefreshTokenText::read(request.required("refresh_token")?).ok_or(unknown)?;
    let seal = request.snapshot.state.ledger().ok_or(GrantRefusal::GrantType)?;
    let key = seal.current().ok_or(GrantRefusal::GrantType)?;
    if !request.client.login.as_ref().is_some_and(|login| login.offline_access) {
        return Err(GrantRefusal::Grant(GrantFault::NotOffline));
    }
    // A request for more than was granted must not consume the token.
    let id = presented.grant();
    let grant = on_ledger(&people.ledger, move |ledger| ledger.grant(&id)).await.map_err(ledger_failed)?;
    let grant = grant.filter(|grant| grant.client == request.client.id).ok_or(unknown)?;
    narrow(request, &grant)?;
    let next = RefreshTokenText::new(id, &key.successor(presented.as_bytes()));
    let used = RefreshAttempt {
        grant: id,
        presented: presented.hash(),
        successor: next.hash(),
        key: key.id().to_owned(),
        client: request.client.id.clone(),
        jkt: request.jkt.clone(),
        public: request.client.is_public(),
        now: request.now,
    };
    let outcome = on_ledger(&people.ledger, move |ledger| ledger.refresh(&used)).await;
    let (mut grant, next) = match outcome.map_err(ledger_failed)? {
        RefreshOutcome::Rotated(grant) => (grant, next),
        RefreshOutcome::Repeated { grant, key, repeats } => {
            attempt.repeats = Some(repeats);
            let key = seal.find(&key, request.now).ok_or(unknown)?;
            (grant, RefreshTokenText::new(id, &key.successor(presented.as_bytes())))
        }
        RefreshOutcome::Unknown => return Err(unknown),
        RefreshOutcome::Expired => return Err(GrantRefusal::Grant(GrantFault::RefreshExpired)),
        RefreshOutcome::Reused(grant) => {
            tracing::warn!(
                event = "refresh_reused",
                client = grant.client,
                subject = grant.subject,
                "an old refresh token was used: its grant has ended"
            );
            return Err(GrantRefusal::Grant(GrantFault::RefreshReused));
        }
        RefreshOutcome::ProofKey => return Err(GrantRefusal::Grant(GrantFault::ProofKey)),
    };
    // OpenID Connect Core §12.2: only the first ID token contains the nonce of the request.
    grant.nonce = None;
    issue(request, attempt, &grant, Some(next.into_text())).await
}
