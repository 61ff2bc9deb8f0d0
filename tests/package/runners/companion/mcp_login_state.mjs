/** What an application keeps for an MCP SDK while a person logs in. */
import { createHash } from 'node:crypto'

/** Where the SDK keeps tokens and PKCE verifiers. Two requests that are refused at once begin two logins: the first one is followed. */
export class LoginState {
  #verifiers = []

  tokens = () => this.kept
  saveTokens = (tokens) => void (this.kept = tokens)
  redirectToAuthorization = (url) => void (this.url ??= url)
  saveCodeVerifier = (verifier) => void this.#verifiers.push(verifier)
  codeVerifier = () => this.#verifiers.find((verifier) => challengeOf(verifier) === this.url.searchParams.get('code_challenge'))
  state = () => 'a state'
}

/** RFC 7636 §4.2 */
function challengeOf(verifier) {
  return createHash('sha256').update(verifier).digest('base64url')
}
