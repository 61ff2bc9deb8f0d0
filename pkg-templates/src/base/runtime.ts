/** Detects the runtime and what it allows. */
import { memberOf, record } from './record.js'

/** Returns a global of the runtime. Members that all objects inherit are ignored. */
export function hostGlobal<T>(name: string): T | undefined {
  return memberOf(globalThis as Record<string, unknown>, name) as T | undefined
}

/** Returns a property of the runtime's `navigator`. */
export function ofNavigator(name: string): unknown {
  const navigator = hostGlobal<Record<string, unknown>>('navigator')
  return navigator === undefined ? undefined : memberOf(navigator, name)
}

/** Whether a request must not await a promise of another request, as on Cloudflare and Vercel. */
export function requestsAreIsolated(): boolean {
  if (hostGlobal('WebSocketPair') !== undefined || typeof hostGlobal('EdgeRuntime') === 'string') return true
  // Node loads its `navigator` at the first access, so `process` is checked first. Workers with `nodejs_compat` also have
  // `process.versions.node`, but the line above returns for them.
  const process = hostGlobal<{ versions?: { node?: string } }>('process')
  return process?.versions?.node === undefined && ofNavigator('userAgent') === 'Cloudflare-Workers'
}

/**
 * Whether the runtime is a browser. Its cache makes conditional requests by itself, and most header fields would cause a CORS preflight,
 * which issuers reject.
 */
export function isBrowser(): boolean {
  // Workers with a compatibility date before 2024-03-04 have `importScripts`, too.
  return typeof hostGlobal('document') === 'object' || (typeof hostGlobal('importScripts') === 'function' && !requestsAreIsolated())
}

/** Whether `fetch` accepts the option `cache`. Workers with an older compatibility date throw. */
export function takesCacheMode(): boolean {
  if (cacheMode === undefined) {
    try {
      new Request('https://jotgate.invalid/', record({ cache: 'no-store' } as const))
      cacheMode = true
    } catch {
      cacheMode = false
    }
  }
  return cacheMode
}

let cacheMode: boolean | undefined

/** The runtime's `TextEncoder` and `TextDecoder`. */
interface Coders {
  readonly TextDecoder: typeof globalThis.TextDecoder
  readonly TextEncoder: typeof globalThis.TextEncoder
}

const globals = globalThis as Partial<Coders> & {
  process?: { getBuiltinModule?(name: 'node:util'): Coders | undefined }
}
// Jest's jsdom hides both from the code under test, although Node has them.
const hidden =
  globals.TextDecoder === undefined || globals.TextEncoder === undefined
    ? globals.process?.getBuiltinModule?.('node:util')
    : undefined

export const TextDecoder = (hidden ?? (globals as Coders)).TextDecoder
export const TextEncoder = (hidden ?? (globals as Coders)).TextEncoder
