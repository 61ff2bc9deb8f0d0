/**
 * The entry `jotgate/login`: logs people in from a single-page app, by authorization code with PKCE (RFC 6749, RFC 7636). It uses
 * WebCrypto and no WebAssembly.
 *
 * @packageDocumentation
 */
export { createLogin } from './login/login.js'
export { LoginError, type LoginErrorCode } from './login/errors.js'
export type {
  FinishedLogin,
  IdTokenClaims,
  Login,
  LoginChange,
  LoginOptions,
  LogoutOptions,
  StartOptions,
  Tokens,
  TokensOptions,
} from './login/types.js'
