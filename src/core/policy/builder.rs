//! Builds a policy and needs from values of Rust. Their options with the names of JavaScript are in `options.rs`.

use alloc::{string::String, vec::Vec};
use core::time::Duration;

use jotgate_crypto::Algorithm;

use crate::{
    policy::needs::{Needs, NeedsOptions},
    policy::{Policy, PolicyOptions},
    refusal::Refusal,
};

/// Builds a [`Policy`], which is what every token must be. A method that takes one value may be called again to accept another one.
///
/// Unless a method changes it, a token must have `exp`, and one that is bound to a key of its client (`cnf`) is refused.
#[derive(Clone, Debug)]
#[must_use = "`build` makes the policy"]
pub struct PolicyBuilder(PolicyOptions);

impl Policy {
    /// Begins a policy. Set at least the algorithms, the issuer and the audience (RFC 8725 §3.1, §3.8, §3.9).
    pub fn builder() -> PolicyBuilder {
        PolicyBuilder(PolicyOptions { refuse_bound: true, ..PolicyOptions::default() })
    }
}

impl PolicyBuilder {
    /// The accepted algorithms (RFC 8725 §3.1). Without them, those that the key allows.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.0.algorithms = Some(algorithms.into_iter().map(|algorithm| algorithm.name().into()).collect());
        self
    }

    /// An accepted issuer: `iss` must be one of them (RFC 7519 §4.1.1).
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        push(&mut self.0.issuer, issuer);
        self
    }

    /// An accepted audience: `aud` must contain one of them (RFC 7519 §4.1.3).
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        push(&mut self.0.audience, audience);
        self
    }

    /// The value that `sub` must have (RFC 7519 §4.1.2).
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.0.subject = Some(subject.into());
        self
    }

    /// An accepted type: `typ` must be one of them, such as `at+jwt` (RFC 8725 §3.11).
    pub fn typ(mut self, typ: impl Into<String>) -> Self {
        push(&mut self.0.typ, typ);
        self
    }

    /// A claim that the token must have.
    pub fn require_claim(mut self, claim: impl Into<String>) -> Self {
        push(&mut self.0.required_claims, claim);
        self
    }

    /// Accepts tokens without `exp`, which never expire.
    pub fn accept_without_exp(mut self) -> Self {
        self.0.require_exp = Some(false);
        self
    }

    /// Accepts tokens that are bound to a key of their client (`cnf`, RFC 7800 §3). The caller must then check the proof: without it
    /// a stolen token is accepted.
    pub fn accept_bound(mut self) -> Self {
        self.0.refuse_bound = false;
        self
    }

    /// How far the clocks of issuer and caller may differ. Default: not at all.
    pub fn clock_tolerance(mut self, tolerance: Duration) -> Self {
        self.0.clock_tolerance = Some(tolerance.as_secs_f64());
        self
    }

    /// The largest age of a token, counted from `iat`, which it must then have.
    pub fn max_token_age(mut self, age: Duration) -> Self {
        self.0.max_token_age = Some(age.as_secs_f64());
        self
    }

    /// The longest accepted token, in bytes. Default: [`DEFAULT_MAXIMUM_TOKEN_BYTES`](crate::DEFAULT_MAXIMUM_TOKEN_BYTES).
    pub fn max_token_length(mut self, bytes: usize) -> Self {
        self.0.max_token_length = Some(bytes as f64);
        self
    }

    /// The shortest accepted secret, in bytes. Default: the length of the algorithm's hash (RFC 7518 §3.2).
    pub fn min_secret_length(mut self, bytes: usize) -> Self {
        self.0.min_secret_length = Some(bytes as f64);
        self
    }

    /// The budget of work for one token and the keys of a set: see [`PolicyOptions::max_candidates`].
    pub fn max_candidates(mut self, candidates: usize) -> Self {
        self.0.max_candidates = Some(candidates as f64);
        self
    }

    /// A header parameter that the caller understands if `crit` names it (RFC 7515 §4.1.11).
    pub fn understand(mut self, parameter: impl Into<String>) -> Self {
        push(&mut self.0.crit, parameter);
        self
    }

    /// Makes the policy.
    ///
    /// # Errors
    /// [`Refusal::Option`] with the name of the method whose value is empty or out of range.
    pub fn build(self) -> Result<Policy, Refusal> {
        Policy::new(self.0).map_err(by_method)
    }
}

/// Builds [`Needs`], which are what one request needs of a verified token. A method that takes one value may be called again.
#[derive(Clone, Debug, Default)]
#[must_use = "`build` makes the needs"]
pub struct NeedsBuilder(NeedsOptions);

impl Needs {
    /// Begins the needs of a request. [`Needs::default`] needs nothing.
    pub fn builder() -> NeedsBuilder {
        NeedsBuilder::default()
    }
}

impl NeedsBuilder {
    /// A scope that the token must have (RFC 6749 §3.3): in `scope`, `scp` or `scopes`.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        push(&mut self.0.scopes, scope);
        self
    }

    /// Scopes of which the token must have one.
    pub fn any_scope<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.0.any_scope = Some(scopes.into_iter().map(Into::into).collect());
        self
    }

    /// A permission that the token must have: in `permissions`.
    pub fn permission(mut self, permission: impl Into<String>) -> Self {
        push(&mut self.0.permissions, permission);
        self
    }

    /// Permissions of which the token must have one.
    pub fn any_permission<S: Into<String>>(mut self, permissions: impl IntoIterator<Item = S>) -> Self {
        self.0.any_permission = Some(permissions.into_iter().map(Into::into).collect());
        self
    }

    /// A role that the token must have: in `roles`.
    pub fn role(mut self, role: impl Into<String>) -> Self {
        push(&mut self.0.roles, role);
        self
    }

    /// Roles of which the token must have one.
    pub fn any_role<S: Into<String>>(mut self, roles: impl IntoIterator<Item = S>) -> Self {
        self.0.any_role = Some(roles.into_iter().map(Into::into).collect());
        self
    }

    /// Makes the needs.
    ///
    /// # Errors
    /// [`Refusal::Option`] with the name of the method whose value is empty, or is a scope with a character that RFC 6749 §3.3 forbids.
    pub fn build(self) -> Result<Needs, Refusal> {
        Needs::new(self.0).map_err(by_method)
    }
}

fn push(list: &mut Option<Vec<String>>, value: impl Into<String>) {
    list.get_or_insert_default().push(value.into());
}

/// Names the option by its method here, not by its name in JavaScript.
fn by_method(refusal: Refusal) -> Refusal {
    let Refusal::Option { name, problem } = refusal else { return refusal };
    let name = match name {
        "requiredClaims" => "require_claim",
        "crit" => "understand",
        "maxTokenLength" => "max_token_length",
        "minSecretLength" => "min_secret_length",
        "maxCandidates" => "max_candidates",
        "scopes" => "scope",
        "anyScope" => "any_scope",
        "permissions" => "permission",
        "anyPermission" => "any_permission",
        "roles" => "role",
        "anyRole" => "any_role",
        // The others have the same name, and a `Duration` is always a valid time.
        name => name,
    };
    Refusal::Option { name, problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn names<T: core::fmt::Debug>(method: &str, built: Result<T, Refusal>) {
        match built {
            Err(Refusal::Option { name, .. }) => assert_eq!(name, method),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_value_that_means_nothing_is_refused_by_the_name_of_its_method() {
        let policy = Policy::builder;
        names("algorithms", policy().algorithms([]).build());
        names("issuer", policy().issuer("").build());
        names("audience", policy().audience("a").audience("").build());
        names("subject", policy().subject("").build());
        names("typ", policy().typ("").build());
        names("require_claim", policy().require_claim("").build());
        names("understand", policy().understand("").build());
        names("max_token_length", policy().max_token_length(0).build());
        names("min_secret_length", policy().min_secret_length(usize::MAX).build());
        names("max_candidates", policy().max_candidates(65).build());
        let needs = Needs::builder;
        names("scope", needs().scope("a b").build());
        names("any_scope", needs().any_scope([""; 0]).build());
        names("permission", needs().permission("").build());
        names("any_permission", needs().any_permission([""]).build());
        names("role", needs().role("").build());
        names("any_role", needs().any_role([""; 0]).build());
    }

    #[test]
    fn values_of_rust_make_the_same_policy_as_options() {
        let built = Policy::builder()
            .algorithms([Algorithm::ES256, Algorithm::RS256])
            .issuer("i")
            .issuer("j")
            .audience("a")
            .subject("s")
            .typ("at+jwt")
            .require_claim("jti")
            .accept_without_exp()
            .accept_bound()
            .clock_tolerance(Duration::from_millis(1500))
            .max_token_age(Duration::from_mins(1))
            .max_token_length(5)
            .min_secret_length(6)
            .max_candidates(7)
            .understand("x")
            .build()
            .unwrap();
        let text = r#"{"algorithms":["ES256","RS256"],"issuer":["i","j"],"audience":["a"],"subject":"s","typ":["at+jwt"],
            "requiredClaims":["jti"],"requireExp":false,"clockTolerance":1.5,"maxTokenAge":60,"maxTokenLength":5,"minSecretLength":6,
            "maxCandidates":7,"crit":["x"]}"#;
        let read = Policy::new(PolicyOptions::read(text).unwrap()).unwrap();
        assert_eq!(alloc::format!("{built:?}"), alloc::format!("{read:?}"));
        let needs = Needs::builder()
            .scope("a")
            .scope("b")
            .any_scope(["c", "d"])
            .permission("p")
            .any_permission(["q"])
            .role("r");
        let text = r#"{"scopes":["a","b"],"anyScope":["c","d"],"permissions":["p"],"anyPermission":["q"],"roles":["r"],"anyRole":["t"]}"#;
        let read = Needs::new(NeedsOptions::read(text).unwrap()).unwrap();
        assert_eq!(
            alloc::format!("{:?}", needs.any_role(["t"]).build().unwrap()),
            alloc::format!("{read:?}")
        );
    }

    #[test]
    fn a_policy_that_says_nothing_requires_exp_and_refuses_bound_tokens() {
        let policy = Policy::builder().build().unwrap();
        assert!(policy.refuse_bound);
        assert_eq!(policy.required, ["exp"]);
    }
}
