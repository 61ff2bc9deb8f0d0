/**
 * Explains any pasted text about a JSON Web Token: what it is, whether a verifier accepts it, and if not, why and what to do. The verdict is
 * the verifier's own, from the same core; the report is made by a second WebAssembly module, which the other entries never load.
 *
 * @packageDocumentation
 */
export { type PackageCode, PACKAGE_CODES } from './base/codes.js'
export { inspect, ready } from './inspect/inspect.js'
export type * from './inspect/claims.js'
export type * from './inspect/documents.js'
export type * from './inspect/options.js'
export type * from './inspect/report.js'
