/** What the host is enters as nothing; what may be done with promises and header fields there leaves. */

/** Whether the host forbids that one request waits for the work of another, as Cloudflare and Vercel do. */
export function requestsAreIsolated(): boolean {
  const host = globalThis as { WebSocketPair?: unknown; EdgeRuntime?: unknown; navigator?: { userAgent?: string } }
  return (
    typeof host.WebSocketPair !== 'undefined' ||
    typeof host.EdgeRuntime === 'string' ||
    host.navigator?.userAgent === 'Cloudflare-Workers'
  )
}

/**
 * Whether the host is a browser: it has a cache of its own that makes conditional requests by itself, and most header
 * fields would cost a pre-flight there that issuers don't answer.
 */
export function isBrowser(): boolean {
  const host = globalThis as { document?: unknown; importScripts?: unknown }
  return typeof host.document === 'object' || typeof host.importScripts === 'function'
}

/** Whether `fetch` takes a `cache` mode; Workers of an older compatibility date throw instead. */
export function takesCacheMode(): boolean {
  if (cacheMode === undefined) {
    try {
      new Request('https://jotgate.invalid/', { cache: 'no-store' })
      cacheMode = true
    } catch {
      cacheMode = false
    }
  }
  return cacheMode
}

let cacheMode: boolean | undefined
