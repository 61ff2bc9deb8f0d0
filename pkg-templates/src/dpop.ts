/**
 * The entry `jotgate/dpop`: tokens that are bound to a key of the client (RFC 9449), for the option `proof` of `createGate`.
 *
 * @packageDocumentation
 */
export { dpop, type DpopOptions } from './proof/dpop.js'
export type { ProofOfPossession } from './gate/proof.js'
export { replayMemory, type ReplayMemoryOptions, type ReplayStore } from './proof/replay_memory.js'
