/** Runs the steps of a decision, with or without waiting for promises. */

/** Runs the steps, and awaits each yielded promise. */
export async function settled<T>(steps: Generator<unknown, T, unknown>): Promise<T> {
  let step = steps.next()
  while (!step.done) {
    let value: unknown
    try {
      value = await step.value
    } catch (thrown) {
      step = steps.throw(thrown)
      continue
    }
    step = steps.next(value)
  }
  return step.value
}

/** Runs the steps without waiting. No step may yield a promise. */
export function settledNow<T>(steps: Generator<unknown, T, unknown>): T {
  let step = steps.next()
  while (!step.done) {
    const { value } = step
    if (isPromise(value)) {
      value.then(undefined, () => {})
      throw new TypeError('`proof`, `principal` and `authorize` must not return a promise where `checkSync` is used')
    }
    step = steps.next(value)
  }
  return step.value
}

export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function'
}
