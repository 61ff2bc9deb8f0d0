//! The whole way: a request goes in, a report comes out.

use jotgate_core::{Key, Keys, Refusal, verify_signature};

use crate::{
    claims::{self, Context},
    excerpt::Offsets,
    input::{self, Parsed},
    json::Members,
    keys::{Origin, Source},
    report::{Cause, Found, InputReport, Report, TokenReport},
    request::Request,
    token::Token,
    verdicts::{self, Expected, Judgement},
};

/// Explains a pasted text. `local` renders a time, in seconds since 1970-01-01T00:00:00Z, in the host's time zone.
///
/// # Errors
/// [`Refusal::Option`] for a misused option of the policy or the needs, or a time that is not finite. Nothing that is pasted is an error.
pub fn inspect(request: &Request, local: &dyn Fn(f64) -> Option<String>) -> Result<Report, Refusal> {
    let expected = Expected::read(request.policy.as_deref(), request.needs.as_deref(), request.now)?;
    let context = Context { now: request.now, local };
    let offsets = Offsets::of(&request.input);
    let parsed = input::parse(&request.input);
    let mut sources: Vec<Source> =
        request.keys.iter().enumerate().map(|(index, given)| Source::given(index, given)).collect();
    let mut report = Report {
        input: input_report(&request.input, &parsed, &offsets),
        now: request.now,
        verdicts: None,
        accepted: None,
        refusal: None,
        cause: None,
        token: None,
        rules: Vec::new(),
        keys: Vec::new(),
        challenges: Vec::new(),
        documents: Vec::new(),
        dpop: None,
        notes: Vec::new(),
    };
    if matches!(parsed.kind, "jwk" | "jwks" | "pem") {
        sources.push(Source::read(&request.input, Origin::Pasted));
    }
    let credential = parsed.found.iter().find(|found| found.kind == "token");
    if let Some(credential) = credential {
        let token = Token::of(credential.text.clone());
        let bytes = token.text.text().as_bytes();
        let judgement = Judgement::of(bytes, &sources, &expected);
        let carried = carried_key(&token, &expected);
        report.verdicts =
            Some(judgement.verdicts(&sources, carried.as_ref().is_some_and(|(_, matches)| *matches)));
        report.accepted = Some(judgement.refusal.is_none());
        report.refusal = judgement.first_failing().map(verdicts::refusal_report);
        report.rules = verdicts::rules(bytes, &expected);
        if let Some(matched) = judgement.matched
            && let Some(source) = sources.get_mut(matched.source)
        {
            source.mark(matched.reading, matched.member);
        }
        if let Some((mut source, matches)) = carried {
            for report in &mut source.reports {
                report.matches = matches;
            }
            sources.push(source);
        }
        if token.is_encrypted() {
            report.cause = Some(Cause {
                code: "encrypted",
                why: "The token is encrypted (JWE): five parts, of which only the header can be read."
                    .to_owned(),
                action: "Decrypt it with the recipient's private key, and inspect the token inside."
                    .to_owned(),
                found: None,
                expected: None,
            });
        }
        report.token = Some(token_report(&token, &offsets, &context));
    }
    report.keys = sources.into_iter().flat_map(|source| source.reports).collect();
    Ok(report)
}

/// The public key that a token carries in its header, and whether its own signature matches it.
fn carried_key(token: &Token, expected: &Expected) -> Option<(Source, bool)> {
    let header = Members::read(token.decoded("header")?)?;
    let jwk = header.raw("jwk")?;
    let source = Source::read(jwk, Origin::Token);
    let key = Key::from_jwk(jwk).ok()?.without_tables();
    let matches = verify_signature(token.text.text().as_bytes(), Keys::One(&key), &expected.policy).is_ok();
    Some((source, matches))
}

fn input_report(input: &str, parsed: &Parsed, offsets: &Offsets<'_>) -> InputReport {
    let found = parsed.found.iter().map(|credential| Found {
        kind: credential.kind,
        place: credential.place.clone(),
        text: Some(credential.text.text().to_owned()),
        start: offsets.utf16(credential.text.start()),
        end: offsets.utf16(credential.text.end()),
    });
    InputReport {
        kind: parsed.kind,
        length: offsets.utf16(input.len()),
        cleaned: parsed.cleaned.clone(),
        found: found.collect(),
        request: None,
    }
}

fn token_report(token: &Token, offsets: &Offsets<'_>, context: &Context<'_>) -> TokenReport {
    TokenReport {
        text: token.text.text().to_owned(),
        start: offsets.utf16(token.text.start()),
        end: offsets.utf16(token.text.end()),
        parts: token.reports(offsets),
        first_bad: token.first_bad(offsets),
        header: token.decoded("header").and_then(|text| claims::members(text, context)),
        claims: token.decoded("payload").and_then(|text| claims::members(text, context)),
        kind: kind(token),
        provider: None,
        size: token.size(),
    }
}

/// What the token probably is, from its `typ` (RFC 9068 §2.1, RFC 9449 §4.2) or from the claims that only an ID token has.
fn kind(token: &Token) -> &'static str {
    let typ = token.decoded("header").and_then(Members::read).and_then(|header| header.text("typ"));
    let typ = typ.map(|typ| typ.to_ascii_lowercase());
    match typ.as_deref().map(|typ| typ.trim_start_matches("application/")) {
        Some("at+jwt") => return "access_token",
        Some("dpop+jwt") => return "dpop_proof",
        Some("logout+jwt") => return "logout_token",
        Some("statuslist+jwt") => return "status_list",
        _ => {}
    }
    let claims = token.decoded("payload").and_then(Members::read);
    let has = |name| claims.as_ref().is_some_and(|claims| claims.raw(name).is_some());
    if has("nonce") || has("at_hash") || has("c_hash") { "id_token" } else { "unknown" }
}
