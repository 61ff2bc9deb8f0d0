//! The whole way: a request goes in, a report comes out.

use jotgate_core::{Key, Keys, Refusal, verify_signature};

use crate::{
    cause::{self, Scene},
    challenge,
    claims::{self, Context, Owner},
    documents, dpop,
    excerpt::{Excerpt, Offsets},
    input::{self, Credential, Parsed},
    json::Members,
    key_origin, keys,
    keys::{Origin, Source},
    meanings, notes,
    report::{Found, InputReport, Report, TokenReport},
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
    let given = request.keys.iter().enumerate().map(|(index, given)| Source::given(index, given));
    let pasted = parsed.keys.iter().map(|text| Source::read(text, Origin::Pasted));
    let mut sources: Vec<Source> = given.chain(pasted).collect();
    let metadata =
        request.metadata.as_deref().map(|text| documents::read("issuer_metadata", "given", text, &context));
    let read = parsed.documents.iter().map(|(kind, text)| documents::read(kind, "pasted", text, &context));
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
        challenges: parsed.challenges.iter().flat_map(|line| challenge::read(line)).collect(),
        documents: read.chain(metadata).collect(),
        dpop: None,
        notes: notes::of(&parsed),
    };
    let main =
        parsed.found.first().filter(|found| matches!(found.kind, "token" | "encrypted_token" | "dpop_proof"));
    if let Some(main) = main {
        let token = Token::of(main.text.clone());
        examine(&mut report, &token, &mut sources, request, &expected);
        report.notes.extend(notes::of_token(&token));
        report.token = Some(token_report(&token, &offsets, &context));
    } else if parsed.found.iter().any(|found| found.kind == "opaque_token") {
        report.cause = Some(cause::opaque());
    }
    report.dpop = check_proof(&parsed, request);
    report.keys = sources.into_iter().flat_map(|source| source.reports).collect();
    report.notes.extend(notes::of_keys(&report.keys, request));
    Ok(report)
}

/// Adds what is said of the token: verdicts, refusal, cause and rules.
fn examine(
    report: &mut Report,
    token: &Token,
    sources: &mut Vec<Source>,
    request: &Request,
    expected: &Expected,
) {
    let bytes = token.text.text().as_bytes();
    let judgement = Judgement::of(bytes, sources, expected);
    let carried_key = carried_key(token, expected);
    let carried = carried_key.as_ref().is_some_and(|(_, matches)| *matches);
    let metadata = request.metadata.as_deref().and_then(Members::read);
    let texts: Vec<&str> = request
        .keys
        .iter()
        .filter(|given| given.from != crate::KeyOrigin::Earlier)
        .map(|given| given.text.as_str())
        .collect();
    let scene = Scene {
        token,
        kind: kind(token),
        judgement: &judgement,
        sources: sources.as_slice(),
        texts: &texts,
        expected,
        metadata: metadata.as_ref(),
        carried,
    };
    report.cause = cause::find(&scene);
    report.verdicts = Some(judgement.verdicts(token, sources, carried, key_origin::verdict(&scene)));
    report.accepted = Some(judgement.refusal.is_none());
    report.refusal = judgement.first_failing().map(verdicts::refusal_report);
    report.rules = verdicts::rules(token, expected);
    if let Some(matched) = judgement.matched
        && let Some(source) = sources.get_mut(matched.source)
    {
        source.mark(matched.reading, matched.member);
    }
    if let Some((mut source, matches)) = carried_key {
        for report in &mut source.reports {
            report.matches = matches;
        }
        sources.push(source);
    }
}

/// The public key that a token carries in its header, and whether its own signature matches it.
fn carried_key(token: &Token, expected: &Expected) -> Option<(Source, bool)> {
    let header = Members::read(token.decoded("header")?)?;
    let (source, key) = match header.raw("jwk") {
        Some(jwk) => (Source::read(jwk, Origin::Token), Key::from_jwk(jwk)),
        None => {
            let first = crate::json::strings(header.raw("x5c")?)?.into_iter().next()?;
            let pem = keys::pem("CERTIFICATE", &first);
            (Source::read(&pem, Origin::Token), Key::from_certificate(&pem))
        }
    };
    let token = token.text.text().as_bytes();
    let matches = key
        .is_ok_and(|key| verify_signature(token, Keys::One(&key.without_tables()), &expected.policy).is_ok());
    Some((source, matches))
}

/// Checks the DPoP proof in the pasted text against the request in it, or against the one that was given.
fn check_proof(parsed: &Parsed, request: &Request) -> Option<crate::DpopReport> {
    let proof = parsed.found.iter().find(|found| found.kind == "dpop_proof")?;
    let line = &request.request;
    let pasted = parsed.request.as_ref();
    let is_token = |found: &&Credential| matches!(found.kind, "token" | "opaque_token" | "encrypted_token");
    let token = parsed.found.iter().find(is_token).map(|found| found.text.text());
    let method = pasted.map(|request| request.method.as_str()).filter(|method| !method.is_empty());
    let sent = dpop::Sent {
        method: line.method.as_deref().or(method),
        url: line.url.as_deref().or_else(|| pasted.and_then(|request| request.url.as_deref())),
        token: line.token.as_deref().or(token),
        now: request.now,
    };
    Some(dpop::check(&Token::of(proof.text.clone()), &sent))
}

fn input_report(input: &str, parsed: &Parsed, offsets: &Offsets<'_>) -> InputReport {
    let found = parsed.found.iter().map(|credential| Found {
        kind: credential.kind,
        location: credential.location.clone(),
        text: (credential.kind != "code").then(|| credential.text.text().to_owned()),
        start: offsets.utf16(credential.text.start()),
        end: offsets.utf16(credential.text.end()),
    });
    InputReport {
        kind: parsed.kind,
        length: offsets.utf16(input.len()),
        cleaned: parsed.cleaned.clone(),
        found: found.collect(),
        request: parsed.request.clone(),
    }
}

fn token_report(token: &Token, offsets: &Offsets<'_>, context: &Context<'_>) -> TokenReport {
    let provider =
        token.decoded("payload").and_then(Members::read).and_then(|claims| meanings::provider(&claims));
    let header = if token.is_encrypted() { Owner::EncryptedHeader } else { Owner::Header };
    TokenReport {
        text: token.text.text().to_owned(),
        start: offsets.utf16(token.text.start()),
        end: offsets.utf16(token.text.end()),
        parts: token.reports(offsets),
        first_bad: token.first_bad(offsets),
        header: token.decoded("header").and_then(|text| claims::members(text, header, context)),
        claims: token
            .decoded("payload")
            .and_then(|text| claims::members(text, Owner::Claims(provider), context)),
        kind: kind(token),
        provider,
        size: token.size(),
    }
}

/// What the token probably is, from its `typ` (RFC 9068 §2.1, RFC 9449 §4.2) or from the claims that only one kind has.
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
    let claims = token.decoded("payload").and_then(Members::read).unwrap_or_default();
    if let Some(kind) = cause::kind_in_claims(&claims) {
        return kind;
    }
    let has = |name| claims.raw(name).is_some();
    let grants = ["scope", "scp", "permissions", "roles", "client_id"].into_iter().any(has);
    if has("nonce") || has("at_hash") || has("c_hash") {
        "id_token"
    } else if has("scope") || has("scp") || has("permissions") {
        "access_token"
    } else if !grants && (has("sid") || has("auth_time")) {
        // It says how a person logged in, and nothing of what is allowed (OpenID Connect Core §2).
        "id_token"
    } else {
        "unknown"
    }
}

/// A token whose text is not a part of the pasted text.
pub(crate) fn token_of(text: &str) -> Token {
    Token::of(Excerpt::whole(text))
}
