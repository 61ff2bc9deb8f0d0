/**
 * The entry `jotgate/status`: revoked and suspended tokens are refused by status lists (Token Status List,
 * draft-ietf-oauth-status-list), for the option `status` of `createGate` and `Verifier`.
 *
 * @packageDocumentation
 */
export { StatusListUnavailable } from './status/failure.js'
export { statusLists, type StatusListOptions } from './status/status_lists.js'
export type { TokenStatus } from './verify/status.js'
