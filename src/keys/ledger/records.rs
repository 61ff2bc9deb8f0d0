//! What the rows of the ledger say.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use serde::{Deserialize, Serialize};

use super::SecretHash;

/// How far a ledger has come. A later state of the same ledger is greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerStamp {
    /// Its epoch.
    pub epoch: u64,
    /// The count of its changes.
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
    /// Whether the person can't log in at present.
    pub disabled: bool,
    /// When the person was added.
    pub created: u64,
    /// The claim `roles` of the person's tokens (RFC 9068 §2.2.3.1).
    pub roles: Vec<String>,
    /// The claim `permissions` of the person's tokens.
    pub permissions: Vec<String>,
    /// What the person is called by others.
    pub profile: Profile,
    /// How many wrong passwords there were in a row.
    pub failures: u64,
    /// When the last of them was.
    pub last_failure: u64,
}

impl User {
    /// A person who can log in and has neither roles nor a profile. `password` is the hash; `now` in Unix seconds.
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

/// What clients may learn about a person (OpenID Connect Core §5.1).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// The claim `name`.
    pub name: Option<String>,
    /// The claim `email`.
    pub email: Option<String>,
    /// The claim `email_verified`: an operator says that the address is the person's own.
    pub email_verified: bool,
}

/// A browser in which a person is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The hash of the cookie.
    pub hash: SecretHash,
    /// Who is logged in.
    pub subject: String,
    /// When the person logged in: `auth_time`.
    pub authenticated: u64,
    /// How the person logged in: `amr` (RFC 8176).
    pub methods: Vec<String>,
    /// When it was used last.
    pub last_seen: u64,
}

/// How long a session lives, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// After its last use.
    pub idle: u64,
    /// After the login.
    pub absolute: u64,
}

/// A try to log in, before its password is checked.
#[derive(Clone, Debug)]
pub struct LoginTry {
    /// Who is said to log in.
    pub subject: String,
    /// The hash of the cookie of a browser in which a person has logged in before.
    pub browser: Option<SecretHash>,
    /// How many tries there may be.
    pub limits: TryLimits,
    /// Now.
    pub now: u64,
}

/// How many wrong passwords in a row a person may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TryLimits {
    /// In a browser in which the person logged in before; then the browser is unknown again.
    pub known: u64,
    /// In all other browsers together; then there is one try in each [`pause`](Self::pause).
    pub unknown: u64,
    /// In seconds.
    pub pause: u64,
}

/// Whether a password may be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryOutcome {
    /// It may. The try counts as a failure until [`Ledger::forget_failures`](super::Ledger::forget_failures).
    Allowed {
        /// Whether the person logged in there before.
        known: bool,
        /// The count of failures, this try included.
        failures: u64,
    },
    /// There were too many failures: the next try is allowed after so many seconds.
    Wait {
        /// In seconds.
        after: u64,
    },
}

/// What a person allows a client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Consent {
    /// The scopes, `offline_access` among them.
    pub scopes: Vec<String>,
    /// The audiences.
    pub audiences: Vec<String>,
    /// When it was given.
    pub given: u64,
}

/// What a person granted a client in one login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// 128 random bits.
    pub id: [u8; 16],
    /// Who granted it.
    pub subject: String,
    /// Whom.
    pub client: String,
    /// The scopes of its access tokens.
    pub scopes: Vec<String>,
    /// Who its access tokens may be for.
    pub audiences: Vec<String>,
    /// Whether it has refresh tokens.
    pub offline: bool,
    /// When the person logged in: `auth_time`.
    pub authenticated: u64,
    /// How: `acr`.
    pub acr: String,
    /// How: `amr`.
    pub methods: Vec<String>,
    /// The thumbprint of the DPoP key that it is bound to.
    pub jkt: Option<String>,
    /// What the client wants its first ID token to carry (OpenID Connect Core §3.1.2.1).
    pub nonce: Option<String>,
    /// The session in which it was given, as clients know it; `None` without an ID token.
    pub sid: Option<String>,
    /// When it was made.
    pub created: u64,
    /// When it ended, if it has.
    pub ended: Option<u64>,
}

/// A code and the grant that it redeems.
#[derive(Clone, Debug)]
pub struct NewCode {
    /// The hash of the code.
    pub hash: SecretHash,
    /// The grant.
    pub grant: Grant,
    /// The redirect address, as the request had it; `None` if it had none.
    pub redirect_uri: Option<String>,
    /// The PKCE challenge by S256 (RFC 7636 §4.2).
    pub challenge: Option<String>,
    /// When it ends.
    pub expires: u64,
}

/// A request to redeem a code.
#[derive(Clone, Debug)]
pub struct CodeAttempt {
    /// The hash of the code.
    pub hash: SecretHash,
    /// Who asks.
    pub client: String,
    /// The redirect address that the request names.
    pub redirect_uri: Option<String>,
    /// The challenge that the request's verifier makes.
    pub challenge: Option<String>,
    /// The thumbprint of the DPoP key that signed the request's proof.
    pub jkt: Option<String>,
    /// The hash of the first refresh token, if the grant has any.
    pub refresh: SecretHash,
    /// Which key derived it.
    pub key: String,
    /// Now.
    pub now: u64,
}

/// What came of a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodeOutcome {
    /// The grant, from now on redeemed.
    Redeemed(Grant),
    /// There is no such code, or another client has it. Nothing changed.
    Unknown,
    /// It is too old, or its grant has ended.
    Expired,
    /// It was used before. Its grant has ended.
    Reused(Grant),
    /// The redirect address is another one. The code is burnt.
    RedirectUri,
    /// The verifier is wrong or missing. The code is burnt.
    Verifier,
    /// A verifier came for a code without a challenge (RFC 9700 §4.8.2). The code is burnt.
    VerifierUnasked,
    /// The DPoP key is another one (RFC 9449 §10). The code is burnt.
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
    /// Which key derived that.
    pub key: String,
    /// Who asks.
    pub client: String,
    /// The thumbprint of the DPoP key that signed the request's proof.
    pub jkt: Option<String>,
    /// Whether the client is public: then the proof's key must be the grant's (RFC 9449 §5).
    pub public: bool,
    /// Now.
    pub now: u64,
}

/// What came of a refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefreshOutcome {
    /// The successor is valid from now on.
    Rotated(Grant),
    /// The token was used a moment ago and its successor was not used yet: the same successor once more.
    Repeated {
        /// The grant.
        grant: Grant,
        /// Which key derived the successor.
        key: String,
        /// How often the answer was repeated, with this one.
        repeats: u64,
    },
    /// There is no such token, or another client has it. Nothing changed.
    Unknown,
    /// Its time is over, or its grant has ended.
    Expired,
    /// It was used before, and its successor too. The grant has ended.
    Reused(Grant),
    /// The DPoP key is missing or another one. Nothing changed.
    ProofKey,
}

impl Session {
    /// How clients know the session: `sid` of its ID tokens (OpenID Connect Front-Channel Logout §3). Nothing of the cookie can
    /// be found from it.
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
