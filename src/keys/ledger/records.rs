//! The records of the ledger. Times are Unix seconds.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use serde::{Deserialize, Serialize};

use super::SecretHash;

/// The state number of a ledger. A later state of the same ledger is greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerStamp {
    /// The epoch of the ledger.
    pub epoch: u64,
    /// The count of changes.
    pub changes: u64,
}

/// A person who can log in.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// `sub` of the person's tokens: `u_` and 128 random bits. It is never used again.
    pub subject: String,
    /// The name that the person logs in with.
    pub name: String,
    /// The hash of the password, as a PHC string.
    pub password: String,
    /// Whether the person cannot log in.
    pub disabled: bool,
    /// The time at which the person was added.
    pub created: u64,
    /// The claim `roles` of the person's tokens (RFC 9068 §2.2.3.1).
    pub roles: Vec<String>,
    /// The claim `permissions` of the person's tokens.
    pub permissions: Vec<String>,
    /// The profile.
    pub profile: Profile,
    /// The number of wrong passwords in a row, in unknown browsers.
    pub failures: u64,
    /// The time of the last wrong password.
    pub last_failure: u64,
}

impl User {
    /// Makes a person who can log in, without roles and profile. `password` is the hash.
    #[must_use]
    pub fn new(subject: String, name: String, password: String, now: u64) -> Self {
        Self {
            subject,
            name,
            password,
            disabled: false,
            created: now,
            roles: vec![],
            permissions: vec![],
            profile: Profile::default(),
            failures: 0,
            last_failure: 0,
        }
    }
}

/// The claims about a person that clients may read (OpenID Connect Core §5.1).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// The claim `name`.
    pub name: Option<String>,
    /// The claim `email`.
    pub email: Option<String>,
    /// The claim `email_verified`: an operator has confirmed that the address belongs to the person.
    pub email_verified: bool,
}

/// A browser in which a person is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The hash of the cookie.
    pub hash: SecretHash,
    /// The `sub` of the person.
    pub subject: String,
    /// The time of the login: `auth_time`.
    pub authenticated: u64,
    /// The methods of the login: `amr` (RFC 8176).
    pub methods: Vec<String>,
    /// The time of the last use.
    pub last_seen: u64,
}

/// The lifetime of a session, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// The time after its last use.
    pub idle: u64,
    /// The time after the login.
    pub absolute: u64,
}

/// A login attempt, before its password is checked.
#[derive(Clone, Debug)]
pub struct LoginTry {
    /// The `sub` of the person.
    pub subject: String,
    /// The hash of the cookie of a known browser, in which a person has logged in before.
    pub browser: Option<SecretHash>,
    /// The limits.
    pub limits: TryLimits,
    /// The current time.
    pub now: u64,
}

/// The accepted numbers of wrong passwords in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TryLimits {
    /// The limit in a known browser. After that, the browser is unknown again.
    pub known: u64,
    /// The limit in all unknown browsers together. After that, there is one attempt in each [`pause`](Self::pause).
    pub unknown: u64,
    /// The pause, in seconds.
    pub pause: u64,
}

/// Whether a password may be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryOutcome {
    /// It may. The attempt counts as a failure until [`Ledger::forget_failures`](super::Ledger::forget_failures).
    Allowed {
        /// Whether the browser is known.
        known: bool,
        /// The count of failures, including this attempt.
        failures: u64,
    },
    /// There were too many failures. The next attempt is allowed after a pause.
    Wait {
        /// The rest of the pause, in seconds.
        after: u64,
    },
}

/// The consent of a person for a client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Consent {
    /// The scopes, including `offline_access`.
    pub scopes: Vec<String>,
    /// The audiences.
    pub audiences: Vec<String>,
    /// The time at which it was given.
    pub given: u64,
}

/// The grant of a person to a client, in one login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The identifier: 128 random bits.
    pub id: [u8; 16],
    /// The `sub` of the person.
    pub subject: String,
    /// The client.
    pub client: String,
    /// The scopes of its access tokens.
    pub scopes: Vec<String>,
    /// The audiences of its access tokens.
    pub audiences: Vec<String>,
    /// Whether it has refresh tokens.
    pub offline: bool,
    /// The time of the login: `auth_time`.
    pub authenticated: u64,
    /// The authentication context of the login: `acr`.
    pub acr: String,
    /// The methods of the login: `amr`.
    pub methods: Vec<String>,
    /// The thumbprint of the DPoP key that it is bound to.
    pub jkt: Option<String>,
    /// The `nonce` for the first ID token (OpenID Connect Core §3.1.2.1).
    pub nonce: Option<String>,
    /// The identifier of the session for clients, `sid`; `None` without an ID token.
    pub sid: Option<String>,
    /// The time at which it was made.
    pub created: u64,
    /// The time at which it ended, if it has ended.
    pub ended: Option<u64>,
}

/// A code and the grant that it redeems.
#[derive(Clone, Debug)]
pub struct NewCode {
    /// The hash of the code.
    pub hash: SecretHash,
    /// The grant.
    pub grant: Grant,
    /// The redirect URI of the authorization request, unchanged; `None` if the request had none.
    pub redirect_uri: Option<String>,
    /// The PKCE challenge by S256 (RFC 7636 §4.2).
    pub challenge: Option<String>,
    /// The time at which it expires.
    pub expires: u64,
}

/// A request to redeem a code.
#[derive(Clone, Debug)]
pub struct CodeAttempt {
    /// The hash of the code.
    pub hash: SecretHash,
    /// The client.
    pub client: String,
    /// The redirect URI in the request.
    pub redirect_uri: Option<String>,
    /// The challenge that belongs to the verifier in the request.
    pub challenge: Option<String>,
    /// The thumbprint of the DPoP key that signed the request's proof.
    pub jkt: Option<String>,
    /// The hash of the first refresh token, if the grant has any.
    pub refresh: SecretHash,
    /// The identifier of the key that derived it.
    pub key: String,
    /// The current time.
    pub now: u64,
}

/// The result of a request with a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodeOutcome {
    /// The code is now redeemed, for this grant.
    Redeemed(Grant),
    /// The code is unknown, or belongs to another client. Nothing changed.
    Unknown,
    /// The code has expired, or its grant has ended.
    Expired,
    /// The code was used before, so its grant has ended.
    Reused(Grant),
    /// The redirect URI differs. The code is now invalid.
    RedirectUri,
    /// The verifier is wrong or missing. The code is now invalid.
    Verifier,
    /// The request has a verifier, but the code has no challenge (RFC 9700 §4.8.2). The code is now invalid.
    VerifierUnasked,
    /// The DPoP key differs (RFC 9449 §10). The code is now invalid.
    ProofKey,
}

/// A request to use a refresh token.
#[derive(Clone, Debug)]
pub struct RefreshAttempt {
    /// The grant that the token names.
    pub grant: [u8; 16],
    /// The hash of the token.
    pub presented: SecretHash,
    /// The hash of its successor.
    pub successor: SecretHash,
    /// The identifier of the key that derived the successor.
    pub key: String,
    /// The client.
    pub client: String,
    /// The thumbprint of the DPoP key that signed the request's proof.
    pub jkt: Option<String>,
    /// Whether the client is public. If so, the proof's key must be that of the grant (RFC 9449 §5).
    pub public: bool,
    /// The current time.
    pub now: u64,
}

/// The result of a request with a refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefreshOutcome {
    /// The successor is valid from now on.
    Rotated(Grant),
    /// The token was used a moment ago, and its successor was not used yet. The response has the same successor again.
    Repeated {
        /// The grant.
        grant: Grant,
        /// The identifier of the key that derived the successor.
        key: String,
        /// The number of repeated responses, including this one.
        repeats: u64,
    },
    /// The token is unknown, or belongs to another client. Nothing changed.
    Unknown,
    /// The token has expired, or its grant has ended.
    Expired,
    /// The token and its successor were used before. The grant has ended.
    Reused(Grant),
    /// The DPoP key is missing or differs. Nothing changed.
    ProofKey,
}

impl Session {
    /// Returns the identifier of the session for clients: `sid` of its ID tokens (OpenID Connect Front-Channel Logout §3). The cookie cannot
    /// be computed from it.
    #[must_use]
    pub fn sid(&self) -> String {
        let hash = SecretHash::of(&[b"jotgate-keys sid\n", self.hash.as_bytes().as_slice()].concat());
        let (half, _) = hash.as_bytes().split_at(16);
        Base64UrlUnpadded::encode_string(half)
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profile").field("email_verified", &self.email_verified).finish_non_exhaustive()
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("subject", &self.subject)
            .field("disabled", &self.disabled)
            .finish_non_exhaustive()
    }
}
