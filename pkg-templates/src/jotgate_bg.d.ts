/**
 * What the core imports: of the generated `jotgate_bg.js` only that is kept, with what it needs. What the core exports is called
 * through `bindings.ts`.
 */
export type { Key, KeyCache, KeySet, Needs, Policy } from './bindings.js'

export declare function __wbg_set_wasm(exports: object): void
