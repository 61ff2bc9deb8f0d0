/** Runs work in the background: no caller awaits it, its errors are ignored, and it may continue after the request that began it. */
import type { WaitUntil } from './source_options.js'

/** Calls a listener. Ignores its errors, including a rejected promise, which could end the process otherwise. */
export function notify(call: () => unknown, waitUntil: WaitUntil | undefined): void {
  try {
    const done = call()
    if (typeof (done as PromiseLike<unknown> | undefined)?.then === 'function') outlive(waitUntil, Promise.resolve(done))
  } catch {
    // The errors of a listener are ignored.
  }
}

/** Passes work to the runtime. A `waitUntil` that throws, such as one without its `ctx`, must not cause a refusal. */
export function outlive(waitUntil: WaitUntil | undefined, work: Promise<unknown>): void {
  try {
    const settled = work.catch(() => {})
    waitUntil?.(settled)
  } catch {
    // The work continues as long as the request does.
  }
}
