/** The types of reports about challenges, documents and DPoP proofs. */
import type { ClaimReport, Status } from './claims.js'

/** One challenge of `WWW-Authenticate` (RFC 9110 §11.6.1). */
export interface ChallengeReport {
  readonly scheme: string
  readonly members: readonly ChallengeMember[]
  /** The meaning of the challenge, in one sentence. */
  readonly why: string
  /** The remedy, in one sentence. */
  readonly action: string
  /** The syntax errors of the line. */
  readonly problems: readonly string[]
}

/** One member of a challenge. */
export interface ChallengeMember {
  readonly name: string
  readonly value: string
  readonly meaning?: string
}

/** A JSON document: metadata, a token response, or any other. */
export interface DocumentReport {
  readonly kind: 'resource_metadata' | 'issuer_metadata' | 'token_response' | 'introspection' | 'error_response' | 'json'
  /** `pasted`, or `given` as `metadata` of the options. */
  readonly from: 'pasted' | 'given'
  /** The members in their order. Values of credentials are replaced by `"…"`. */
  readonly members: readonly ClaimReport[]
  readonly issuer?: string
  readonly jwksUri?: string
  /** The authorization servers in the metadata of a protected resource. */
  readonly authorizationServers?: readonly string[]
  /** The missing or wrong members, each in one sentence. */
  readonly problems: readonly string[]
}

/** The checks of a DPoP proof. */
export interface DpopReport {
  readonly status: Status
  readonly checks: readonly DpopCheck[]
}

/** One check of RFC 9449 §4.3. */
export interface DpopCheck {
  readonly name: 'typ' | 'alg' | 'jwk' | 'signature' | 'jti' | 'htm' | 'htu' | 'iat' | 'ath' | 'jkt'
  readonly status: Status
  readonly why: string
  readonly action?: string
}
