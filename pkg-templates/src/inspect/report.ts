/**
 * The report that `inspect` returns. The Rust side is `src/inspect/report`.
 *
 * Every `start` and `end` counts UTF-16 code units of the pasted text, as `String.prototype.slice` does. Every time is in seconds since
 * 1970-01-01T00:00:00Z. A member that does not apply is absent, never `null`.
 */
import type { ClaimReport, Status } from './claims.js'
import type { ChallengeReport, DocumentReport, DpopReport } from './documents.js'

/** What the pasted text is. */
export type InputKind =
  | 'empty'
  | 'token'
  | 'encrypted_token'
  | 'opaque_token'
  | 'dpop_proof'
  | 'authorization'
  | 'curl'
  | 'http'
  | 'cookie'
  | 'token_response'
  | 'url'
  | 'challenge'
  | 'resource_metadata'
  | 'issuer_metadata'
  | 'jwks'
  | 'jwk'
  | 'pem'
  | 'json'
  | 'unknown'

/** What is known about any pasted text. */
export interface Report {
  /** The pasted text: what it is and what was found in it. */
  readonly input: InputReport
  /** The time that the report was evaluated at. */
  readonly now: number
  /** The four verdicts; absent where the pasted text contains no token. */
  readonly verdicts?: Verdicts
  /** Whether the verifier accepts the token with these keys, this policy, these needs and at this time. Absent without a token. */
  readonly accepted?: boolean
  /** The verifier's own refusal: the first rule that fails. */
  readonly refusal?: RefusalReport
  /** The likely cause of the refusal, where one was recognised. */
  readonly cause?: Cause
  /** The token that the verdicts are about. */
  readonly token?: TokenReport
  /** Each rule for the claims by itself, in the verifier's order, for those that the policy, the needs or the token ask for. */
  readonly rules: readonly RuleReport[]
  /** Every key: those given, those pasted, those that the token carries. */
  readonly keys: readonly KeyReport[]
  /** Every challenge (`WWW-Authenticate`) in the pasted text. */
  readonly challenges: readonly ChallengeReport[]
  /** The pasted JSON document, or the metadata that was given. */
  readonly documents: readonly DocumentReport[]
  /** The checks of a DPoP proof (RFC 9449 §4.3), in their order. */
  readonly dpop?: DpopReport
  /** Remarks on what was pasted that are neither a refusal nor a cause, such as a private key among the text. */
  readonly notes: readonly Note[]
}

/** What the pasted text is and what was found in it. */
export interface InputReport {
  readonly kind: InputKind
  /** The length in UTF-16 code units. */
  readonly length: number
  /** What was removed to read the text. */
  readonly cleaned: readonly Cleaning[]
  /** Every credential found, the one that the report is about first. */
  readonly found: readonly Found[]
  /** The request that the text contains, if it is one. */
  readonly request?: FoundRequest
}

/** What was removed from around or inside of the pasted token. */
export type Cleaning = 'whitespace' | 'line_breaks' | 'quotes' | 'scheme' | 'percent_encoding' | 'escapes' | 'invisible_characters'

/** A credential in the pasted text. */
export interface Found {
  readonly kind: 'token' | 'encrypted_token' | 'opaque_token' | 'dpop_proof' | 'code' | 'private_key'
  /** Where it was found, such as `Authorization`, `access_token`, `Cookie session` or `DPoP`; empty for the text itself. */
  readonly where: string
  /** The text of a token or a proof; absent for anything else. */
  readonly text?: string
  readonly start: number
  readonly end: number
}

/** A request in the pasted text. */
export interface FoundRequest {
  readonly method: string
  readonly url?: string
  /** The status of the response, for `curl -v` output. */
  readonly status?: number
}

/** The four verdicts. They never mix: a valid signature says nothing about the claims. */
export interface Verdicts {
  /** Format: parts, base64url, JSON, header parameters. */
  readonly format: Verdict
  /** Signature: algorithm, key, signature. */
  readonly signature: Verdict
  /** Claims and times: the policy, the needs and the time. Judged even where the signature fails. */
  readonly claims: Verdict
  /** Where the key came from. */
  readonly keyOrigin: Verdict
}

/** One verdict. */
export interface Verdict {
  readonly status: Status
  /** The verifier's code, where it refuses. */
  readonly code?: string
  /** One sentence: why. */
  readonly why: string
  /** One sentence: what to do. Absent where nothing has to be done. */
  readonly action?: string
  /** The section of `docs/refusals.md` on the code. */
  readonly link?: string
}

/** A refusal of the verifier. */
export interface RefusalReport {
  /** The stable code, such as `expired`. */
  readonly code: string
  /** The class: jose's code where jose has one, such as `ERR_JWT_EXPIRED`. */
  readonly class: string
  /** The verifier's message, with the compared values. */
  readonly message: string
  /** The verdict that it belongs to. */
  readonly verdict: keyof Verdicts
  readonly why: string
  readonly action: string
  readonly link: string
  /** The scopes that would be enough. */
  readonly scope?: string
  /** The claim that was checked, such as `aud`. */
  readonly claim?: string
  /** What is wrong with the claim, in jose's words: `check_failed`, `invalid` or `missing`. */
  readonly reason?: string
}

/** A likely cause. The code is stable. */
export interface Cause {
  readonly code: CauseCode
  /** One sentence: what probably happened. */
  readonly why: string
  /** One sentence: what to do. */
  readonly action: string
  /** What the token contains, where the cause compares two values. */
  readonly found?: string
  /** What was expected. */
  readonly expected?: string
}

/** The causes that are recognised. */
export type CauseCode =
  | 'audience_trailing_slash'
  | 'audience_case'
  | 'audience_is_client_id'
  | 'audience_missing'
  | 'issuer_trailing_slash'
  | 'issuer_case'
  | 'issuer_scheme'
  | 'metadata_issuer'
  | 'metadata_keys_url'
  | 'id_token'
  | 'refresh_token'
  | 'dpop_proof'
  | 'clock_behind'
  | 'clock_ahead'
  | 'milliseconds'
  | 'duration'
  | 'key_algorithm'
  | 'kid_in_earlier_set'
  | 'key_in_earlier_set'
  | 'kid_differs'
  | 'key_in_token'
  | 'secret_is_base64'
  | 'secret_is_base64url'
  | 'secret_is_text'
  | 'secret_line_break'
  | 'secret_too_short'
  | 'signature_der'
  | 'signature_missing'
  | 'signature_changed'
  | 'private_key'
  | 'encrypted'
  | 'opaque'
  | 'cut_off'
  | 'joined'
  | 'padding'
  | 'standard_base64'
  | 'scope_wildcard'
  | 'scope_in_other_claim'
  | 'nonce_header'

/** The decoded token. */
export interface TokenReport {
  /** The token's text as it was verified, cleaned of what was around it. */
  readonly text: string
  readonly start: number
  readonly end: number
  /** The parts between the dots: three of a signed token, five of an encrypted one. */
  readonly parts: readonly PartReport[]
  /** The first byte that cannot be right. */
  readonly firstBad?: FirstBad
  /** The header's parameters in their order; absent where they cannot be read. */
  readonly header?: readonly ClaimReport[]
  /** The claims in their order; absent where they cannot be read. */
  readonly claims?: readonly ClaimReport[]
  /** What the token probably is. */
  readonly type: 'access_token' | 'id_token' | 'refresh_token' | 'logout_token' | 'dpop_proof' | 'status_list' | 'unknown'
  /** Who issued it, where the claims show it. */
  readonly provider?: string
  /** The size against limits of servers. */
  readonly size: SizeReport
}

/** One part of a token. */
export interface PartReport {
  readonly name: 'header' | 'payload' | 'signature' | 'encrypted_key' | 'iv' | 'ciphertext' | 'tag' | 'extra'
  readonly start: number
  readonly end: number
  /** The number of decoded bytes; absent where the part is not base64url. */
  readonly bytes?: number
  /** The decoded text, exactly as it was sent, of header and payload where they are UTF-8. */
  readonly text?: string
}

/** The first byte that cannot be right. */
export interface FirstBad {
  /** The offset in the pasted text. */
  readonly at: number
  /** The part that it is in. */
  readonly part: PartReport['name']
  /** The character, as text that can be shown, such as `=` or `U+200B`. */
  readonly character: string
  /** The offset in the decoded text, where the fault is in the JSON. */
  readonly decodedAt?: number
  /** One sentence: why it cannot be right. */
  readonly why: string
}

/** One rule for the claims. */
export interface RuleReport {
  /** The name of the option that asks for it; `nbf`, `exp` and `form` where the token itself does. */
  readonly rule:
    | 'form'
    | 'typ'
    | 'requiredClaims'
    | 'issuer'
    | 'subject'
    | 'audience'
    | 'nbf'
    | 'exp'
    | 'maxTokenAge'
    | 'refuseBound'
    | 'scopes'
    | 'permissions'
    | 'roles'
  readonly status: 'holds' | 'fails'
  readonly code?: string
  /** The verifier's message, with the compared values. */
  readonly message?: string
  readonly why: string
  readonly action?: string
  readonly link?: string
}

/** One key. It never contains key material. */
export interface KeyReport {
  /** `entered`, `fetched` and `earlier` as given; `pasted` is in the inspected text itself; `token` is carried by the token. */
  readonly from: 'entered' | 'fetched' | 'earlier' | 'pasted' | 'token'
  /** The index in `keys` of the options, for keys that were given. */
  readonly index?: number
  /** The URL that it was fetched from. */
  readonly url?: string
  readonly form: 'jwk' | 'jwks' | 'pem' | 'certificate' | 'base64' | 'secret' | 'unknown'
  /** The index in the set's `keys`. */
  readonly member?: number
  readonly usable: boolean
  /** Whether the token's signature matches this key. */
  readonly matches: boolean
  /** How a secret's text was read when it matched. */
  readonly secretAs?: 'utf8' | 'base64' | 'base64url'
  readonly kid?: string
  readonly kty?: string
  readonly crv?: string
  readonly alg?: string
  readonly use?: string
  readonly bits?: number
  /** The algorithms that it may verify. */
  readonly algorithms: readonly string[]
  /** The thumbprint (RFC 7638, SHA-256) of a public key. */
  readonly thumbprint?: string
  /** The names of private members that were ignored. */
  readonly privateMembers?: readonly string[]
  /** Why it cannot be used. */
  readonly code?: string
  readonly why?: string
  readonly action?: string
  readonly link?: string
}

/** A remark. The code is stable. */
export interface Note {
  readonly code:
    | 'private_key_pasted'
    | 'authorization_code'
    | 'refresh_token'
    | 'key_url_in_token'
    | 'duplicate_names'
    | 'large_header'
    | 'sent_in_url'
  readonly why: string
  readonly action?: string
}

/** The token's size, in bytes. */
export interface SizeReport {
  readonly token: number
  /** Of the whole line `Authorization: Bearer …`. */
  readonly header: number
  readonly limits: readonly SizeLimit[]
}

/** A limit of a server or a browser. */
export interface SizeLimit {
  readonly name: string
  readonly bytes: number
  readonly fits: boolean
}
