/**
 * The entry `jotgate/testing`: an issuer inside a test. It makes good and bad tokens, and serves its keys without a network.
 * It uses WebCrypto and no WebAssembly. No other entry contains its code.
 *
 * @packageDocumentation
 */
export { testIssuer } from './testing/issuer.js'
export type { BadTokens, MakeToken, TestClaims, TestIssuer, TestIssuerOptions, TestTokenOptions } from './testing/types.js'
