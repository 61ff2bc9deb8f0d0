/** Runs work in the background: no caller awaits it, its errors change nothing, and it may outlive the request that began it. */
import type { WaitUntil } from './source_options.js'

/** Calls a listener. What it throws, now or by its promise, changes nothing and ends no process. */
export function notify(call: () => unknown, waitUntil: WaitUntil | undefined): void {
  try {
    const done = call()
    if (typeof (done as PromiseLike<unknown> | undefined)?.then === 'function') outlive(waitUntil, Promise.resolve(done))
  } catch {
    // A listener only watches.
  }
}

/** Passes work to the runtime. A `waitUntil` that throws, such as one without its `ctx`, must not refuse a good token. */
export function outlive(waitUntil: WaitUntil | undefined, work: Promise<unknown>): void {
  try {
    const settled = work.catch(() => {})
    waitUntil?.(settled)
  } catch {
    // The work continues as long as the request does.
  }
}
