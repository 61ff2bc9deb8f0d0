//! What the rows about the device flow say (RFC 8628).

use super::{Grant, SecretHash};

/// What a device asks a person for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceRequest {
    /// What the person enters: eight letters.
    pub user_code: String,
    /// Who asks.
    pub client: String,
    /// The scopes.
    pub scopes: Vec<String>,
    /// The audiences.
    pub audiences: Vec<String>,
    /// Whether refresh tokens are wanted.
    pub offline: bool,
    /// The thumbprint of the DPoP key that signed the request's proof.
    pub jkt: Option<String>,
    /// When it was made.
    pub created: u64,
    /// The identifier of the grant that the person may give.
    pub grant: [u8; 16],
}

/// A device that begins to wait.
#[derive(Clone, Debug)]
pub struct NewDevice {
    /// The hash of the device code.
    pub hash: SecretHash,
    /// What it asks for.
    pub request: DeviceRequest,
    /// When its codes end.
    pub expires: u64,
    /// How many seconds it waits between two polls.
    pub interval: u64,
}

/// What a person answers.
#[derive(Clone, Debug)]
pub enum DeviceAnswer {
    /// The device gets what it asked for.
    Allowed(Box<Grant>),
    /// It does not.
    Denied,
}

/// A device that asks whether the person has answered.
#[derive(Clone, Debug)]
pub struct DevicePoll {
    /// The hash of the device code.
    pub hash: SecretHash,
    /// Who asks.
    pub client: String,
    /// The thumbprint of the DPoP key that signed the request's proof.
    pub jkt: Option<String>,
    /// The hash of the first refresh token, if the grant has any.
    pub refresh: SecretHash,
    /// Which key derived it.
    pub key: String,
    /// Now.
    pub now: u64,
}

/// What came of a poll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceOutcome {
    /// The person allowed it. The device code is worth nothing any more.
    Granted(Box<Grant>),
    /// It is not answered yet.
    Pending,
    /// The poll came too early. The device has to wait five seconds longer from now on.
    SlowDown,
    /// The person refused. The device code is worth nothing any more.
    Denied,
    /// The codes have expired, or the grant has ended.
    Expired,
    /// There is no such device code, or another client has it.
    Unknown,
    /// The DPoP key is missing or another one.
    ProofKey,
}
