/** The parts of a report about what is not a token: challenges, documents and DPoP proofs. */
import type { ClaimReport, Status } from './claims.js'

/** One challenge of `WWW-Authenticate` (RFC 9110 §11.6.1). */
export interface ChallengeReport {
  readonly scheme: string
  readonly members: readonly ChallengeMember[]
  /** One sentence: what the server says. */
  readonly why: string
  /** One sentence: what to do. */
  readonly action: string
  /** What is wrong with the line itself. */
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
  readonly kind: 'resource_metadata' | 'issuer_metadata' | 'token_response' | 'json'
  /** `pasted`, or `given` as `metadata` of the options. */
  readonly from: 'pasted' | 'given'
  /** The members in their order. Values of credentials are replaced by `"…"`. */
  readonly members: readonly ClaimReport[]
  readonly issuer?: string
  readonly jwksUri?: string
  /** The authorization servers that a protected resource names. */
  readonly authorizationServers?: readonly string[]
  /** What is missing or wrong, each in one sentence. */
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
