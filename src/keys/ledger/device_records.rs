//! The records of the device flow (RFC 8628).

use super::{Grant, SecretHash};

/// The request of a device to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceRequest {
    /// The code that the person enters: eight letters.
    pub user_code: String,
    /// The client.
    pub client: String,
    /// The scopes.
    pub scopes: Vec<String>,
    /// The audiences.
    pub audiences: Vec<String>,
    /// Whether refresh tokens are requested.
    pub offline: bool,
    /// The thumbprint of the DPoP key that signed the request's proof.
    pub jkt: Option<String>,
    /// The time of the request, in Unix seconds.
    pub created: u64,
    /// The identifier of the grant that the person may give.
    pub grant: [u8; 16],
}

/// A new request of a device.
#[derive(Clone, Debug)]
pub struct NewDevice {
    /// The hash of the device code.
    pub hash: SecretHash,
    /// The request.
    pub request: DeviceRequest,
    /// The time at which its codes expire, in Unix seconds.
    pub expires: u64,
    /// The seconds between two polls.
    pub interval: u64,
}

/// The answer of a person.
#[derive(Clone, Debug)]
pub enum DeviceAnswer {
    /// The device gets the grant.
    Allowed(Box<Grant>),
    /// The device gets nothing.
    Denied,
}

/// A poll of a device.
#[derive(Clone, Debug)]
pub struct DevicePoll {
    /// The hash of the device code.
    pub hash: SecretHash,
    /// The client.
    pub client: String,
    /// The thumbprint of the DPoP key that signed the request's proof.
    pub jkt: Option<String>,
    /// The hash of the first refresh token, if the grant has any.
    pub refresh: SecretHash,
    /// The identifier of the key that derived it.
    pub key: String,
    /// The current time, in Unix seconds.
    pub now: u64,
}

/// The result of a poll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceOutcome {
    /// The person allowed it. The device code is now invalid.
    Granted(Box<Grant>),
    /// The person has not answered yet.
    Pending,
    /// The poll came too early. From now on, the device has to wait five seconds longer between polls.
    SlowDown,
    /// The person refused. The device code is now invalid.
    Denied,
    /// The codes have expired, or the grant has ended.
    Expired,
    /// The device code is unknown, or belongs to another client.
    Unknown,
    /// The DPoP key is missing or different.
    ProofKey,
}
