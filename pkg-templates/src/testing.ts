/**
 * The entry `jotgate/testing`: an issuer inside a test, which makes good and bad tokens and serves its keys without a network.
 * It uses WebCrypto and no WebAssembly. It is for tests only: nothing of it is part of another entry.
 *
 * @packageDocumentation
 */
export { testIssuer } from './testing/issuer.js'
export type { BadTokens, MakeToken, TestClaims, TestIssuer, TestIssuerOptions, TestTokenOptions } from './testing/types.js'
