//! The device code grant (RFC 8628 §3.4): a device polls until a person has answered.

use super::authorization_code::issue;
use super::refresh_token_text::RefreshTokenText;
use super::{Issue, Request, ledger_failed, on_ledger};
use crate::http::{Attempt, DeviceFault, GrantFault, GrantRefusal};
use crate::ledger::{DeviceOutcome, DevicePoll, SecretHash};

pub(super) async fn decide(request: &Request<'_>, attempt: &mut Attempt) -> Result<Issue, GrantRefusal> {
    let people = request.people()?;
    if !request.client.login.as_ref().is_some_and(|login| login.device) {
        return Err(GrantRefusal::ClientGrant);
    }
    let hash = SecretHash::of(request.required("device_code")?.as_bytes());
    let key =
        request.snapshot.state.ledger().and_then(|seal| seal.current()).ok_or(GrantRefusal::GrantType)?;
    let unknown = GrantRefusal::Grant(GrantFault::CodeUnknown);
    let id = on_ledger(&people.ledger, move |ledger| ledger.grant_of_device(&hash))
        .await
        .map_err(ledger_failed)?;
    let id = id.ok_or(unknown)?;
    let mut random = zeroize::Zeroizing::new([0; 32]);
    getrandom::fill(random.as_mut_slice()).map_err(|_| GrantRefusal::Failed)?;
    let refresh = RefreshTokenText::new(id, &random);
    let poll = DevicePoll {
        hash,
        client: request.client.id.clone(),
        jkt: request.jkt.clone(),
        refresh: refresh.hash(),
        key: key.id().to_owned(),
        now: request.now,
    };
    let outcome = on_ledger(&people.ledger, move |ledger| ledger.poll_device(&poll)).await;
    let grant = match outcome.map_err(ledger_failed)? {
        DeviceOutcome::Granted(grant) => *grant,
        DeviceOutcome::Unknown => return Err(unknown),
        DeviceOutcome::Pending => return Err(GrantRefusal::Device(DeviceFault::Pending)),
        DeviceOutcome::SlowDown => return Err(GrantRefusal::Device(DeviceFault::SlowDown)),
        DeviceOutcome::Denied => return Err(GrantRefusal::Device(DeviceFault::Denied)),
        DeviceOutcome::Expired => return Err(GrantRefusal::Device(DeviceFault::Expired)),
        DeviceOutcome::ProofKey => return Err(GrantRefusal::Grant(GrantFault::ProofKey)),
    };
    let refresh = grant.offline.then(|| refresh.into_text());
    issue(request, attempt, &grant, refresh).await
}
