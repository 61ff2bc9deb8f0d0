//! What registered and well-known private claims and header parameters mean, and which issuer writes them.

use crate::json::{self, Members};

/// What a name means, and where that is written.
pub(crate) struct Meaning {
    name: &'static str,
    /// The provider that writes it; empty for a registered name.
    provider: &'static str,
    pub(crate) text: &'static str,
    pub(crate) source: &'static str,
}

/// The provider of a token, from its issuer and the claims that only it writes.
pub(crate) fn provider(claims: &Members<'_>) -> Option<&'static str> {
    let iss = claims.text("iss").unwrap_or_default();
    let has = |name| claims.raw(name).is_some();
    let issuers = [
        ("login.microsoftonline.com", ENTRA),
        ("sts.windows.net", ENTRA),
        (".ciamlogin.com", ENTRA),
        (".b2clogin.com", ENTRA),
        (".auth0.com", AUTH0),
        ("cognito-idp.", COGNITO),
        ("/realms/", KEYCLOAK),
        ("clerk.", CLERK),
        ("token.actions.githubusercontent.com", GITHUB),
        ("kubernetes.default.svc", KUBERNETES),
        ("accounts.google.com", "Google"),
        (".okta.com", "Okta"),
    ];
    let by_issuer = issuers.into_iter().find(|(part, _)| iss.contains(part)).map(|(_, name)| name);
    by_issuer.or_else(|| {
        let names = [
            ("kubernetes.io", KUBERNETES),
            ("realm_access", KEYCLOAK),
            ("cognito:username", COGNITO),
            ("job_workflow_ref", GITHUB),
            ("gty", AUTH0),
            ("xms_tcdt", ENTRA),
        ];
        names.into_iter().find(|(name, _)| has(name)).map(|(_, name)| name)
    })
}

/// The meaning of a claim by its path (RFC 6901) and the token's provider.
pub(crate) fn claim(path: &str, provider: Option<&str>) -> Option<&'static Meaning> {
    let name = path.strip_prefix('/')?;
    find(&CLAIMS, name, provider)
}

/// The meaning of a header parameter by its path.
pub(crate) fn parameter(path: &str) -> Option<&'static Meaning> {
    find(&PARAMETERS, path.strip_prefix('/')?, None)
}

/// The meaning of a member of metadata or of a token response.
pub(crate) fn member(path: &str) -> Option<&'static Meaning> {
    find(&MEMBERS, path.strip_prefix('/')?, None)
}

/// A provider's own meaning comes before the registered one. A name that only one provider writes is explained for any issuer, as issuers
/// have domains of their own.
fn find(table: &'static [Meaning], name: &str, provider: Option<&str>) -> Option<&'static Meaning> {
    let named = || table.iter().filter(|row| row.name == name);
    named()
        .find(|row| provider == Some(row.provider))
        .or_else(|| named().find(|row| row.provider.is_empty()))
        .or_else(|| if provider.is_none() { named().next() } else { None })
}

/// What is odd about the text of a claim.
pub(crate) fn text_note(name: &str, raw: &str) -> Option<String> {
    (name == "alg" && json::string(raw)? == "none").then(|| "The token is not signed.".to_owned())
}

/// The meaning of a header parameter of an encrypted token.
pub(crate) fn encrypted_parameter(path: &str) -> Option<&'static Meaning> {
    ENCRYPTED.iter().find(|row| path.strip_prefix('/') == Some(row.name)).or_else(|| parameter(path))
}

const ENCRYPTED: [Meaning; 2] = [
    registered("alg", "RFC 7516 §4.1.1", "How the key of the content is encrypted. Nothing is signed."),
    registered("kid", "RFC 7516 §4.1.6", "The identifier of the recipient's key."),
];

/// What the value of a claim adds to its meaning.
pub(crate) fn value_meaning(name: &str, raw: &str) -> Option<&'static str> {
    let text = json::string(raw)?;
    Some(match (name, text.as_str()) {
        ("alg", text) if jotgate_core::Algorithm::from_name(text).is_none() => return None,
        ("alg", text) if text.starts_with("HS") => "Signer and verifier share one secret.",
        ("alg", text) if text.starts_with("RS") || text.starts_with("PS") => {
            "Signed with RSA; the public key verifies."
        }
        ("alg", text) if text.starts_with("ES") => "Signed with ECDSA; the public key verifies.",
        ("alg", "EdDSA" | "Ed25519") => "Signed with Ed25519; the public key verifies.",
        ("typ", text) if text.eq_ignore_ascii_case("at+jwt") => "An access token (RFC 9068).",
        ("typ", text) if text.eq_ignore_ascii_case("dpop+jwt") => {
            "A DPoP proof (RFC 9449), not an access token."
        }
        ("token_use", "id") => "An ID token: for the client, not for an API.",
        ("token_use", "access") => "An access token.",
        _ => return None,
    })
}

const ENTRA: &str = "Microsoft Entra";
const AUTH0: &str = "Auth0";
const COGNITO: &str = "Amazon Cognito";
const KEYCLOAK: &str = "Keycloak";
const CLERK: &str = "Clerk";
const GITHUB: &str = "GitHub Actions";
const KUBERNETES: &str = "Kubernetes";

const fn registered(name: &'static str, source: &'static str, text: &'static str) -> Meaning {
    Meaning { name, provider: "", text, source }
}

const fn of(provider: &'static str, name: &'static str, text: &'static str) -> Meaning {
    Meaning { name, provider, text, source: provider }
}

#[rustfmt::skip] // a table is read by its rows
const CLAIMS: [Meaning; 109] = [
    registered("iss", "RFC 7519 §4.1.1", "The issuer: who made and signed the token."),
    registered("sub", "RFC 7519 §4.1.2", "The subject: the user or the application that the token is about."),
    registered("aud", "RFC 7519 §4.1.3", "The audience: the APIs that may accept the token."),
    registered("exp", "RFC 7519 §4.1.4", "The end: from this time on the token is refused."),
    registered("nbf", "RFC 7519 §4.1.5", "The beginning: before this time the token is refused."),
    registered("iat", "RFC 7519 §4.1.6", "When the token was issued."),
    registered("jti", "RFC 7519 §4.1.7", "The token's own identifier."),
    registered("scope", "RFC 8693 §4.2", "What the client may do, as words separated by spaces."),
    registered("client_id", "RFC 8693 §4.3", "The client that requested the token."),
    registered("act", "RFC 8693 §4.1", "Who acts for the subject."),
    registered("may_act", "RFC 8693 §4.4", "Who may act for the subject."),
    registered("cnf", "RFC 7800 §3.1", "The key that the holder has to prove; without this proof the token is worthless."),
    registered("cnf/jkt", "RFC 9449 §6.1", "The thumbprint of the holder's DPoP key."),
    registered("cnf/x5t#S256", "RFC 8705 §3.1", "The thumbprint of the holder's client certificate."),
    registered("cnf/jwk", "RFC 7800 §3.2", "The holder's public key."),
    registered("authorization_details", "RFC 9396 §9.1", "What the client may do, in detail."),
    registered("roles", "RFC 9068 §2.2.3.1", "The roles of the subject."),
    registered("groups", "RFC 9068 §2.2.3.1", "The groups of the subject."),
    registered("entitlements", "RFC 9068 §2.2.3.1", "The entitlements of the subject."),
    registered("status", "Token Status List", "Where the token's revocation can be looked up."),
    registered("status/status_list", "Token Status List", "The index and the address of the status list."),
    registered("events", "RFC 8417 §2.2", "The security events that this token reports."),
    registered("txn", "RFC 8417 §2.2", "The transaction that the event belongs to."),
    registered("htm", "RFC 9449 §4.2", "The HTTP method of the request that this proof is for."),
    registered("htu", "RFC 9449 §4.2", "The URL of the request that this proof is for, without query and fragment."),
    registered("ath", "RFC 9449 §4.2", "The SHA-256 hash of the access token that this proof was sent with."),
    registered("acr", "OpenID Connect Core §2", "How strongly the user was authenticated."),
    registered("amr", "OpenID Connect Core §2, RFC 8176", "How the user was authenticated, such as `pwd` or `mfa`."),
    registered("auth_time", "OpenID Connect Core §2", "When the user was authenticated."),
    registered("azp", "OpenID Connect Core §2", "The client that requested the token."),
    registered("nonce", "OpenID Connect Core §2", "The client's value from the login request; it has to compare it."),
    registered("at_hash", "OpenID Connect Core §3.1.3.6", "Half of the hash of the access token that came with this ID token."),
    registered("c_hash", "OpenID Connect Core §3.3.2.11", "Half of the hash of the code that came with this ID token."),
    registered("s_hash", "FAPI 1.0", "Half of the hash of the `state` that came with this ID token."),
    registered("sid", "OpenID Connect Front-Channel Logout §3", "The session of the user at the issuer."),
    registered("name", "OpenID Connect Core §5.1", "The full name of the user."),
    registered("given_name", "OpenID Connect Core §5.1", "The first name of the user."),
    registered("family_name", "OpenID Connect Core §5.1", "The last name of the user."),
    registered("preferred_username", "OpenID Connect Core §5.1", "The name that the user wants to be shown with; it is not unique and may change."),
    registered("email", "OpenID Connect Core §5.1", "The e-mail address of the user; identify users by `iss` and `sub` instead."),
    registered("email_verified", "OpenID Connect Core §5.1", "Whether the issuer checked the e-mail address."),
    registered("picture", "OpenID Connect Core §5.1", "The address of a picture of the user."),
    registered("locale", "OpenID Connect Core §5.1", "The language of the user."),
    registered("zoneinfo", "OpenID Connect Core §5.1", "The time zone of the user."),
    registered("updated_at", "OpenID Connect Core §5.1", "When the data about the user last changed."),
    registered("phone_number", "OpenID Connect Core §5.1", "The telephone number of the user."),
    of(ENTRA, "tid", "The tenant that the user signed in to."),
    of(ENTRA, "oid", "The user or application in the tenant; the same in all applications."),
    of(ENTRA, "appid", "The client that requested the token (version 1.0)."),
    of(ENTRA, "azp", "The client that requested the token (version 2.0)."),
    of(ENTRA, "azpacr", "How the client was authenticated: 0 not at all, 1 by a secret, 2 by a certificate."),
    of(ENTRA, "appidacr", "How the client was authenticated: 0 not at all, 1 by a secret, 2 by a certificate."),
    of(ENTRA, "scp", "What the client may do for the user, as words separated by spaces."),
    of(ENTRA, "roles", "The application roles that were assigned to the user or the application."),
    of(ENTRA, "wids", "The identifiers of the user's directory roles."),
    of(ENTRA, "groups", "The identifiers of the user's groups; absent if there are too many."),
    of(ENTRA, "hasgroups", "The user is in too many groups to list: ask Microsoft Graph."),
    of(ENTRA, "ver", "The version of the token: 1.0 and 2.0 have different issuers."),
    of(ENTRA, "idtyp", "`app` for a token of an application without a user."),
    of(ENTRA, "upn", "The sign-in name of the user; it may change."),
    of(ENTRA, "unique_name", "A name of the user to show; it is not unique."),
    of(ENTRA, "idp", "The identity provider that authenticated the user."),
    of(ENTRA, "uti", "The token's own identifier."),
    of(ENTRA, "rh", "Internal to Microsoft: ignore it."),
    of(ENTRA, "aio", "Internal to Microsoft: ignore it."),
    of(ENTRA, "xms_tcdt", "When the tenant was created."),
    of(ENTRA, "ipaddr", "The IP address that the user signed in from."),
    of(AUTH0, "azp", "The client that requested the token."),
    of(AUTH0, "permissions", "The permissions of the user for this API (with RBAC switched on)."),
    of(AUTH0, "gty", "The grant that the token was requested with."),
    of(AUTH0, "org_id", "The organization that the user logged in to."),
    of(AUTH0, "org_name", "The name of the organization that the user logged in to."),
    of(COGNITO, "token_use", "Whether this is an `id` or an `access` token."),
    of(COGNITO, "client_id", "The app client. Cognito's access tokens have it instead of `aud`."),
    of(COGNITO, "cognito:username", "The name of the user in the user pool."),
    of(COGNITO, "username", "The name of the user in the user pool."),
    of(COGNITO, "cognito:groups", "The groups of the user in the user pool."),
    of(COGNITO, "cognito:roles", "The IAM roles of the user's groups."),
    of(COGNITO, "cognito:preferred_role", "The IAM role that takes precedence."),
    of(COGNITO, "event_id", "The authentication event."),
    of(COGNITO, "origin_jti", "The identifier that revokes all tokens of the same login."),
    of(COGNITO, "version", "The version of the access token's form."),
    of(KEYCLOAK, "realm_access", "The roles of the user in the realm."),
    of(KEYCLOAK, "realm_access/roles", "The roles of the user in the realm."),
    of(KEYCLOAK, "resource_access", "The roles of the user in each client."),
    of(KEYCLOAK, "typ", "The kind of token: `Bearer`, `ID` or `Refresh`."),
    of(KEYCLOAK, "session_state", "The session of the user."),
    of(KEYCLOAK, "allowed-origins", "The web origins that the client may be used from."),
    of(CLERK, "azp", "The origin of the page that requested the token."),
    of(CLERK, "sid", "The session of the user."),
    of(CLERK, "org_id", "The active organization of the user."),
    of(CLERK, "org_role", "The role of the user in the active organization."),
    of(CLERK, "org_permissions", "The permissions of the user in the active organization."),
    of(CLERK, "fva", "The minutes since the first and the second factor were verified."),
    of(CLERK, "o", "The active organization of the user, in short form."),
    of(CLERK, "v", "The version of the session token's form."),
    of(GITHUB, "sub", "The repository and the branch, tag, pull request or environment of the job."),
    of(GITHUB, "repository", "The repository of the workflow."),
    of(GITHUB, "repository_owner", "The owner of the repository."),
    of(GITHUB, "ref", "The branch or tag that started the workflow."),
    of(GITHUB, "workflow", "The name of the workflow."),
    of(GITHUB, "job_workflow_ref", "The reusable workflow that the job runs."),
    of(GITHUB, "environment", "The deployment environment of the job."),
    of(GITHUB, "actor", "The user who started the workflow."),
    of(GITHUB, "run_id", "The run of the workflow."),
    of(GITHUB, "event_name", "The event that started the workflow."),
    of(KUBERNETES, "kubernetes.io", "The namespace, the service account and the pod of the token."),
    of(KUBERNETES, "kubernetes.io/namespace", "The namespace."),
    of(KUBERNETES, "kubernetes.io/serviceaccount", "The service account."),
];

#[rustfmt::skip] // a table is read by its rows
const PARAMETERS: [Meaning; 18] = [
    registered("alg", "RFC 7515 §4.1.1", "The signature algorithm."),
    registered("kid", "RFC 7515 §4.1.4", "The identifier of the signing key in the issuer's key set."),
    registered("typ", "RFC 7515 §4.1.9", "The type of the token."),
    registered("cty", "RFC 7515 §4.1.10", "The type of the payload; `JWT` for a token inside of a token."),
    registered("crit", "RFC 7515 §4.1.11", "The extensions that a verifier has to understand."),
    registered("jwk", "RFC 7515 §4.1.3", "A key that the token carries: it proves nothing."),
    registered("jku", "RFC 7515 §4.1.2", "The address of a key set. The author of the token chose it: never fetch it without a check."),
    registered("x5c", "RFC 7515 §4.1.6", "A certificate that the token carries: it proves nothing without a check of its chain."),
    registered("x5u", "RFC 7515 §4.1.5", "The address of a certificate. The author of the token chose it: never fetch it without a check."),
    registered("x5t", "RFC 7515 §4.1.7", "The SHA-1 thumbprint of the signing certificate."),
    registered("x5t#S256", "RFC 7515 §4.1.8", "The SHA-256 thumbprint of the signing certificate."),
    registered("b64", "RFC 7797 §3", "Whether the payload is encoded; in a JWT it always is."),
    registered("enc", "RFC 7516 §4.1.2", "The algorithm that the content is encrypted with."),
    registered("zip", "RFC 7516 §4.1.3", "The compression of the content before encryption."),
    registered("epk", "RFC 7518 §4.6.1.1", "The sender's key for this encryption."),
    registered("apu", "RFC 7518 §4.6.1.2", "Information about the sender."),
    registered("apv", "RFC 7518 §4.6.1.3", "Information about the recipient."),
    registered("nonce", "Microsoft Entra", "Marks a token for Microsoft Graph, which only Microsoft can verify."),
];

#[rustfmt::skip] // a table is read by its rows
const MEMBERS: [Meaning; 27] = [
    registered("issuer", "RFC 8414 §2", "The issuer; `iss` of its tokens is the same, character by character."),
    registered("jwks_uri", "RFC 8414 §2", "The address of the issuer's key set."),
    registered("authorization_endpoint", "RFC 8414 §2", "Where users log in."),
    registered("token_endpoint", "RFC 8414 §2", "Where clients get tokens."),
    registered("registration_endpoint", "RFC 8414 §2", "Where clients register themselves."),
    registered("revocation_endpoint", "RFC 8414 §2", "Where tokens are revoked."),
    registered("introspection_endpoint", "RFC 8414 §2", "Where APIs ask about tokens."),
    registered("userinfo_endpoint", "OpenID Connect Discovery §3", "Where clients get claims about the user."),
    registered("end_session_endpoint", "OpenID Connect RP-Initiated Logout §2.1", "Where users log out."),
    registered("scopes_supported", "RFC 8414 §2, RFC 9728 §2", "The scopes that can be requested."),
    registered("response_types_supported", "RFC 8414 §2", "What the authorization endpoint can answer with."),
    registered("grant_types_supported", "RFC 8414 §2", "The grants that the token endpoint takes."),
    registered("code_challenge_methods_supported", "RFC 8414 §2", "The methods of PKCE; `S256` is needed."),
    registered("id_token_signing_alg_values_supported", "OpenID Connect Discovery §3", "The algorithms that ID tokens are signed with."),
    registered("token_endpoint_auth_methods_supported", "RFC 8414 §2", "How clients authenticate at the token endpoint."),
    registered("resource", "RFC 9728 §2", "The API; `aud` of its tokens contains it."),
    registered("authorization_servers", "RFC 9728 §2", "The issuers whose tokens the API accepts."),
    registered("bearer_methods_supported", "RFC 9728 §2", "How the API takes tokens: `header`, `body` or `query`."),
    registered("resource_name", "RFC 9728 §2", "The name of the API for people."),
    registered("dpop_bound_access_tokens_required", "RFC 9728 §2", "Whether the API takes only tokens that are bound by DPoP."),
    registered("access_token", "RFC 6749 §5.1", "The token for the API."),
    registered("token_type", "RFC 6749 §5.1", "How the token is sent: `Bearer` or `DPoP`."),
    registered("expires_in", "RFC 6749 §5.1", "The seconds until the access token ends."),
    registered("refresh_token", "RFC 6749 §5.1", "The token that gets new access tokens; it is never sent to an API."),
    registered("id_token", "OpenID Connect Core §3.1.3.3", "The token about the login; it is for the client and never for an API."),
    registered("scope", "RFC 6749 §5.1", "The scopes that were granted."),
    registered("error", "RFC 6749 §5.2", "Why the request was refused."),
];
