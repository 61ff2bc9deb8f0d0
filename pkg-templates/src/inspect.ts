/**
 * The entry `jotgate/inspect`: explains a pasted token, whether a verifier accepts it, and if not, why and what to do. A second WebAssembly
 * module contains the verifier's core and makes the report. No other entry loads that module.
 *
 * @packageDocumentation
 */
export { type PackageCode, PACKAGE_CODES } from './base/codes.js'
export { inspect, ready } from './inspect/inspect.js'
export type * from './inspect/claims.js'
export type * from './inspect/documents.js'
export type * from './inspect/options.js'
export type * from './inspect/report.js'
