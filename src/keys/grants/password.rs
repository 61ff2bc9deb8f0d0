//! The resource owner password grant (RFC 6749 §4.3), for clients that were added with `--password-grant`.

use super::{
    ACR, Issue, METHOD, PasswordOutcome, Request, audiences, check_credentials, ledger_failed, on_ledger,
    scope,
};
use crate::http::{Attempt, GrantFault, GrantRefusal};
use crate::ledger::Grant;

pub(super) async fn decide(request: &Request<'_>, attempt: &mut Attempt) -> Result<Issue, GrantRefusal> {
    let (people, client) = (request.people()?, request.client);
    if client.is_public() || !client.login.as_ref().is_some_and(|login| login.password) {
        return Err(GrantRefusal::ClientGrant);
    }
    let audiences = audiences(client, request.form)?;
    let scope = scope(client, &audiences, request.form.get("scope"))?;
    let (name, password) = (request.required("username")?, request.required("password")?);
    let checked =
        check_credentials(people, name, password, None, request.now).await.map_err(ledger_failed)?;
    let user = match checked {
        PasswordOutcome::Right(user) => user,
        PasswordOutcome::Wrong => return Err(GrantRefusal::Grant(GrantFault::Credentials)),
        PasswordOutcome::TooMany { after } => return Err(GrantRefusal::AccountLimited { after }),
        PasswordOutcome::Crowded => return Err(GrantRefusal::Unavailable),
    };
    attempt.subject = Some(user.subject.clone());
    let subject = user.subject.clone();
    on_ledger(&people.ledger, move |ledger| ledger.forget_failures(&subject)).await.map_err(ledger_failed)?;
    let grant = Grant {
        id: [0; 16],
        subject: user.subject.clone(),
        client: client.id.clone(),
        scopes: vec![],
        audiences: vec![],
        offline: false,
        authenticated: request.now,
        acr: ACR.to_owned(),
        methods: vec![METHOD.to_owned()],
        jkt: None,
        nonce: None,
        sid: None,
        created: request.now,
        ended: None,
    };
    let token = request.token_of(&user, &grant, &audiences, scope.as_deref())?;
    Ok(Issue { request: token, scope, refresh_token: None, id: None })
}
