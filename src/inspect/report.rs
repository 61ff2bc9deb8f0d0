//! The report as data. `pkg-templates/src/inspect/report.ts` and `documents.ts` describe each member for users, in the same order.
//!
//! Every `start` and `end` counts UTF-16 code units of the pasted text. Every time is in seconds since 1970-01-01T00:00:00Z.
#![expect(missing_docs, reason = "`types.ts` describes each member")]

use serde::Serialize;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub input: InputReport,
    pub now: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdicts: Option<Verdicts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<RefusalReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenReport>,
    pub rules: Vec<RuleReport>,
    pub keys: Vec<KeyReport>,
    pub challenges: Vec<ChallengeReport>,
    pub documents: Vec<DocumentReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dpop: Option<DpopReport>,
    pub notes: Vec<Note>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InputReport {
    pub kind: &'static str,
    pub length: usize,
    pub cleaned: Vec<&'static str>,
    pub found: Vec<Found>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<FoundRequest>,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Found {
    pub kind: &'static str,
    #[serde(rename = "where")]
    pub location: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    pub start: usize,
    pub end: usize,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FoundRequest {
    pub method: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdicts {
    pub format: Verdict,
    pub signature: Verdict,
    pub claims: Verdict,
    pub key_origin: Verdict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Holds,
    Fails,
    Unknown,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    pub status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    pub why: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RefusalReport {
    pub code: &'static str,
    pub class: &'static str,
    pub message: String,
    pub verdict: &'static str,
    pub why: String,
    pub action: String,
    pub link: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cause {
    pub code: &'static str,
    pub why: String,
    pub action: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenReport {
    pub text: String,
    pub start: usize,
    pub end: usize,
    pub parts: Vec<PartReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_bad: Option<FirstBad>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<Vec<ClaimReport>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claims: Option<Vec<ClaimReport>>,
    #[serde(rename = "type")]
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<&'static str>,
    pub size: SizeReport,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PartReport {
    pub name: &'static str,
    pub start: usize,
    pub end: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FirstBad {
    pub at: usize,
    pub part: &'static str,
    pub character: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decoded_at: Option<usize>,
    pub why: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimReport {
    pub name: String,
    pub path: String,
    pub raw_json: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meaning: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_meaning: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<TimeReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list: Option<Vec<String>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub duplicate: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<ClaimReport>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TimeReport {
    pub seconds: f64,
    pub iso: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local: Option<String>,
    pub relative: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub milliseconds: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleReport {
    pub rule: &'static str,
    pub status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    pub why: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyReport {
    pub from: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    pub form: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<usize>,
    pub usable: bool,
    pub matches: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_as: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kty: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crv: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    pub usage: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bits: Option<usize>,
    pub algorithms: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thumbprint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_members: Option<Vec<&'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChallengeReport {
    pub scheme: String,
    pub members: Vec<ChallengeMember>,
    pub why: String,
    pub action: String,
    pub problems: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChallengeMember {
    pub name: String,
    pub value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meaning: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DocumentReport {
    pub kind: &'static str,
    pub from: &'static str,
    pub members: Vec<ClaimReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_servers: Option<Vec<String>>,
    pub problems: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DpopReport {
    pub status: Status,
    pub checks: Vec<DpopCheck>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DpopCheck {
    pub name: &'static str,
    pub status: Status,
    pub why: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Note {
    pub code: &'static str,
    pub why: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SizeReport {
    pub token: usize,
    pub header: usize,
    pub limits: Vec<SizeLimit>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SizeLimit {
    pub name: &'static str,
    pub bytes: usize,
    pub fits: bool,
}

/// Types that carry pasted text show none of it in debug output.
macro_rules! without_text {
    ($($name:ident),+) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )+};
}
without_text!(Found, FoundRequest, TokenReport, PartReport, ClaimReport, DocumentReport);
