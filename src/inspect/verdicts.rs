//! The four verdicts, the verifier's refusal, and each rule for the claims by itself.

use base64ct::{Base64UrlUnpadded, Encoding};
use jotgate_core::{
    Needs, NeedsOptions, Policy, PolicyOptions, Refusal, unverified, verify, verify_signature,
};

use crate::{
    explanations::{Explanation, Subject},
    json::Members,
    keys::{Held, Origin, Source},
    report::{RefusalReport, RuleReport, Status, Verdict, Verdicts},
    token::Token,
};

/// What a token is compared with.
pub(crate) struct Expected {
    pub(crate) options: PolicyOptions,
    pub(crate) policy: Policy,
    pub(crate) wanted: NeedsOptions,
    pub(crate) needs: Needs,
    pub(crate) now: f64,
}

impl Expected {
    /// Reads the options of a policy and the needs as the core reads them.
    ///
    /// # Errors
    /// [`Refusal::Option`] for a misused option.
    pub(crate) fn read(policy: Option<&str>, needs: Option<&str>, now: f64) -> Result<Self, Refusal> {
        if !now.is_finite() {
            return Err(Refusal::Option { name: "now", problem: "must be a finite number of seconds" });
        }
        let options = PolicyOptions::read(policy.unwrap_or("{}"))?;
        let wanted = NeedsOptions::read(needs.unwrap_or("{}"))?;
        let policy = Policy::new(options.clone())?;
        let needs = if is_empty(&wanted) { Needs::default() } else { Needs::new(wanted.clone())? };
        Ok(Self { options, policy, wanted, needs, now })
    }
}

fn is_empty(needs: &NeedsOptions) -> bool {
    let NeedsOptions { scopes, any_scope, permissions, any_permission, roles, any_role } = needs;
    [scopes, any_scope, permissions, any_permission, roles, any_role].into_iter().all(Option::is_none)
}

/// What the verifier says of a token.
pub(crate) struct Judgement {
    /// The verifier's refusal; `None` if it accepts the token.
    pub(crate) refusal: Option<Refusal>,
    /// The refusal of form, whatever the key and the claims are.
    pub(crate) format: Option<Refusal>,
    /// The refusal of the signature stage; `None` if a key matches, or if the form is refused first.
    pub(crate) signature: Option<Refusal>,
    /// The refusal of the claims, judged although the signature may not match.
    pub(crate) claims: Option<Refusal>,
    /// The source, reading and set member that the signature matches.
    pub(crate) matched: Option<Matched>,
    /// Whether there is a key to verify with.
    pub(crate) has_keys: bool,
}

/// What to do about an encrypted token.
pub(crate) const ENCRYPTED: &str =
    "Decrypt it with the recipient's private key, then inspect the token inside.";

/// The key that the signature matches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Matched {
    pub(crate) source: usize,
    pub(crate) reading: usize,
    pub(crate) member: Option<usize>,
}

impl Judgement {
    /// Verifies the token with each source that may verify, in its order. The first whose signature matches decides, or else the first.
    pub(crate) fn of(token: &[u8], sources: &[Source], expected: &Expected) -> Self {
        let Expected { policy, needs, now, .. } = expected;
        let mut matched = None;
        let mut first = None;
        for (source, reading, held) in readings(sources) {
            first = first.or(Some(held));
            if let Ok(signed) = verify_signature(token, held.keys(), policy) {
                matched = Some((Matched { source, reading, member: signed.key_index() }, held));
                break;
            }
        }
        let keys = matched.map(|(_, held)| held).or(first).map_or(jotgate_core::Keys::None, Held::keys);
        let refusal = verify(token, keys, policy, needs, *now).err().map(|refused| refused.refusal);
        let signature = verify_signature(token, keys, policy).err();
        let judged = unverified::judge(token, policy, needs, *now).err();
        let format = format_refusal(token, expected, [signature.as_ref(), judged.as_ref()]);
        let subject = |refusal: &Refusal| subject(refusal.code());
        Self {
            claims: judged.filter(|refusal| subject(refusal) == Subject::Claims),
            signature: signature.filter(|refusal| subject(refusal) == Subject::Signature),
            refusal,
            format,
            matched: matched.map(|(matched, _)| matched),
            has_keys: first.is_some(),
        }
    }

    /// The first rule that fails. Without a key this is not the missing key, which is no fault of the token.
    pub(crate) fn first_failing(&self) -> Option<&Refusal> {
        let refusal = self.refusal.as_ref()?;
        if self.has_keys || *refusal != Refusal::NoMatchingKey {
            return Some(refusal);
        }
        self.format.as_ref().or(self.claims.as_ref())
    }

    /// The signature's refusal, unless it is only that no key was given.
    fn signature_refusal(&self) -> Option<&Refusal> {
        self.signature.as_ref().filter(|refusal| self.has_keys || **refusal != Refusal::NoMatchingKey)
    }

    /// The four verdicts. `carried`: whether the signature matches a key that the token itself carries.
    pub(crate) fn verdicts(
        &self,
        token: &Token,
        sources: &[Source],
        carried: bool,
        key_origin: Verdict,
    ) -> Verdicts {
        let format = self.format.as_ref().map_or_else(
            || holds("The token has three parts of base64url, and its header and claims are JSON objects."),
            fails,
        );
        if token.is_encrypted() {
            return Verdicts {
                format: Verdict {
                    why: "A signed token has three parts. This one has five: it is encrypted.".to_owned(),
                    action: Some(ENCRYPTED.to_owned()),
                    ..format
                },
                signature: unknown("An encrypted token has no signature to check.", ENCRYPTED),
                claims: unknown("The claims are encrypted: only the recipient can read them.", ENCRYPTED),
                key_origin,
            };
        }
        Verdicts {
            format,
            signature: self.signature_verdict(sources, carried),
            claims: self.claims_verdict(),
            key_origin,
        }
    }

    fn signature_verdict(&self, sources: &[Source], carried: bool) -> Verdict {
        if self.matched.is_some() {
            return holds("The signature matches the key.");
        }
        if let Some(refusal) = self.signature_refusal() {
            return fails(refusal);
        }
        if let Some(refusal) = &self.format
            && subject(refusal.code()) == Subject::Format
            && self.has_keys
        {
            return unknown(
                "The signature was not checked, because the token's format is wrong.",
                "Correct the format first.",
            );
        }
        if carried {
            return unknown(
                "The signature matches a key that the token itself carries: this proves nothing.",
                "Enter the issuer's key, or fetch its key set.",
            );
        }
        match sources.iter().flat_map(|source| &source.reports).find(|report| report.code.is_some()) {
            Some(report) => Verdict {
                status: Status::Unknown,
                code: report.code,
                why: format!("The key cannot be used: {}", report.why.as_deref().unwrap_or_default()),
                action: report.action.clone(),
                link: report.link.clone(),
            },
            None => unknown(
                "There is no key to check the signature with.",
                "Enter the issuer's key, or fetch its key set.",
            ),
        }
    }

    fn claims_verdict(&self) -> Verdict {
        match (&self.claims, &self.format) {
            (Some(refusal), _) => fails(refusal),
            (None, Some(_)) => unknown(
                "The claims were not checked, because the token's format is wrong.",
                "Correct the format first.",
            ),
            (None, None) => holds("The claims and times are as expected."),
        }
    }
}

/// The refusal of form: the first among those met, and those that a missing key hides.
fn format_refusal(token: &[u8], expected: &Expected, met: [Option<&Refusal>; 2]) -> Option<Refusal> {
    let maximum = expected.policy.maximum_token_bytes();
    let header = verify_signature(token, jotgate_core::Keys::None, &expected.policy).err();
    let decoded = unverified::decode(token, maximum).err();
    let all = [header.as_ref(), met[0], decoded.as_ref(), met[1]];
    let form = |refusal: &&Refusal| subject(refusal.code()) == Subject::Format;
    all.into_iter().flatten().find(form).cloned()
}

/// Every reading of every source that may verify.
fn readings(sources: &[Source]) -> impl Iterator<Item = (usize, usize, &Held)> {
    let may_verify = |source: &&Source| matches!(source.origin, Origin::Entered | Origin::Fetched);
    let sources = sources.iter().enumerate().filter(move |(_, source)| may_verify(source));
    sources.flat_map(|(at, source)| {
        source.readings.iter().enumerate().map(move |(reading, read)| (at, reading, &read.held))
    })
}

/// The verdict that a code belongs to. A code that the table does not have yet is one of the claims'.
pub(crate) fn subject(code: &str) -> Subject {
    Explanation::of(code).map_or(Subject::Claims, |row| row.subject)
}

/// Each rule for the claims by itself, judged by the core under a policy of this rule alone.
pub(crate) fn rules(token: &Token, expected: &Expected) -> Vec<RuleReport> {
    let Expected { options, wanted, now, .. } = expected;
    let only = || PolicyOptions {
        require_exp: Some(false),
        clock_tolerance: options.clock_tolerance,
        max_token_length: options.max_token_length,
        ..PolicyOptions::default()
    };
    let none = NeedsOptions::default;
    let judge = |token: &str, options: PolicyOptions, needs: NeedsOptions| -> Option<Option<Refusal>> {
        let policy = Policy::new(options).ok()?;
        let needs = if is_empty(&needs) { Needs::default() } else { Needs::new(needs).ok()? };
        Some(unverified::judge(token.as_bytes(), &policy, &needs, *now).err())
    };
    let text = token.text.text();
    let Some(bare) = judge(text, only(), none()) else { return Vec::new() };
    // What the token is refused for without any option: its form, the types of its claims, its times.
    let code = bare.as_ref().map(Refusal::code);
    let times = match code {
        Some("not_yet_valid") => {
            let exp = judge(&without(token, &["nbf"]), only(), none()).flatten();
            [rule("nbf", bare.as_ref()), rule("exp", exp.as_ref())]
        }
        Some("expired") => [rule("nbf", None), rule("exp", bare.as_ref())],
        Some(_) => {
            return bare
                .iter()
                .filter(|refusal| subject(refusal.code()) == Subject::Claims)
                .map(|refusal| rule("form", Some(refusal)))
                .collect();
        }
        None => [rule("nbf", None), rule("exp", None)],
    };
    // The core checks types, presence and parties before the times. Its refusal for the times is a rule of its own.
    let before = |name: &'static str, options: PolicyOptions| {
        let refusal = judge(text, options, none())?;
        Some(rule(name, refusal.filter(|refusal| Some(refusal.code()) != code).as_ref()))
    };
    // It checks age, binding and needs after the times, so they are judged without the times that fail.
    let untimed = if code.is_some() { without(token, &["nbf", "exp"]) } else { text.to_owned() };
    let after = |name: &'static str, options: PolicyOptions, needs: NeedsOptions| {
        Some(rule(name, judge(&untimed, options, needs)?.as_ref()))
    };

    let mut rules = Vec::new();
    if options.typ.is_some() {
        let (typ, typ_optional) = (options.typ.clone(), options.typ_optional);
        rules.extend(before("typ", PolicyOptions { typ, typ_optional, ..only() }));
    }
    if options.required_claims.is_some() || options.require_exp != Some(false) {
        let (required_claims, require_exp) = (options.required_claims.clone(), options.require_exp);
        rules.extend(before("requiredClaims", PolicyOptions { required_claims, require_exp, ..only() }));
    }
    if options.issuer.is_some() {
        rules.extend(before("issuer", PolicyOptions { issuer: options.issuer.clone(), ..only() }));
    }
    if options.subject.is_some() {
        rules.extend(before("subject", PolicyOptions { subject: options.subject.clone(), ..only() }));
    }
    if options.audience.is_some() {
        rules.extend(before("audience", PolicyOptions { audience: options.audience.clone(), ..only() }));
    }
    rules.extend(times);
    if options.max_token_age.is_some() {
        let max_token_age = options.max_token_age;
        rules.extend(after("maxTokenAge", PolicyOptions { max_token_age, ..only() }, none()));
    }
    if options.refuse_bound {
        rules.extend(after("refuseBound", PolicyOptions { refuse_bound: true, ..only() }, none()));
    }
    if wanted.scopes.is_some() || wanted.any_scope.is_some() {
        let (scopes, any_scope) = (wanted.scopes.clone(), wanted.any_scope.clone());
        rules.extend(after("scopes", only(), NeedsOptions { scopes, any_scope, ..none() }));
    }
    if wanted.permissions.is_some() || wanted.any_permission.is_some() {
        let (permissions, any_permission) = (wanted.permissions.clone(), wanted.any_permission.clone());
        rules.extend(after("permissions", only(), NeedsOptions { permissions, any_permission, ..none() }));
    }
    if wanted.roles.is_some() || wanted.any_role.is_some() {
        let (roles, any_role) = (wanted.roles.clone(), wanted.any_role.clone());
        rules.extend(after("roles", only(), NeedsOptions { roles, any_role, ..none() }));
    }
    rules
}

/// The token's text without these claims. No signature is checked where it is used.
fn without(token: &Token, claims: &[&str]) -> String {
    let payload = token.decoded("payload").and_then(Members::read).unwrap_or_default();
    let kept = payload.0.iter().filter(|(name, _)| !claims.contains(&name.as_str()));
    let members = kept.map(|(name, raw)| format!("{}:{raw}", serde_json::Value::from(name.as_str())));
    let payload = format!("{{{}}}", members.collect::<Vec<_>>().join(","));
    let part = |name| token.part(name).map(|part| part.encoded.text()).unwrap_or_default();
    format!(
        "{}.{}.{}",
        part("header"),
        Base64UrlUnpadded::encode_string(payload.as_bytes()),
        part("signature")
    )
}

fn rule(rule: &'static str, refusal: Option<&Refusal>) -> RuleReport {
    let verdict = refusal.map_or_else(|| holds("This rule holds."), fails);
    RuleReport {
        rule,
        status: verdict.status,
        code: verdict.code,
        message: refusal.map(ToString::to_string),
        why: verdict.why,
        action: verdict.action,
        link: verdict.link,
    }
}

/// The refusal as the report shows it.
pub(crate) fn refusal_report(refusal: &Refusal) -> RefusalReport {
    let code = refusal.code();
    let (why, action) = explained(refusal);
    let scope = match refusal {
        Refusal::InsufficientScope { needed } => Some(needed.join(" ")),
        _ => None,
    };
    let verdict = match subject(code) {
        Subject::Format => "format",
        Subject::Signature => "signature",
        Subject::Claims => "claims",
        Subject::Setup => "keyOrigin",
    };
    let class = refusal.class().code();
    let (claim, reason) = refusal.claim().map(|(claim, reason)| (claim.to_owned(), reason.name())).unzip();
    RefusalReport {
        code,
        class,
        message: refusal.to_string(),
        verdict,
        why,
        action,
        link: Explanation::link(code),
        scope,
        claim,
        reason,
    }
}

fn explained(refusal: &Refusal) -> (String, String) {
    Explanation::of(refusal.code()).map_or_else(
        || (refusal.to_string(), "Look up the code in the linked page.".to_owned()),
        |row| (row.why.to_owned(), row.action.to_owned()),
    )
}

pub(crate) fn fails(refusal: &Refusal) -> Verdict {
    let (why, action) = explained(refusal);
    let code = refusal.code();
    Verdict {
        status: Status::Fails,
        code: Some(code),
        why,
        action: Some(action),
        link: Some(Explanation::link(code)),
    }
}

pub(crate) fn holds(why: &str) -> Verdict {
    Verdict { status: Status::Holds, code: None, why: why.to_owned(), action: None, link: None }
}

pub(crate) fn unknown(why: &str, action: &str) -> Verdict {
    let action = Some(action.to_owned());
    Verdict { status: Status::Unknown, code: None, why: why.to_owned(), action, link: None }
}
