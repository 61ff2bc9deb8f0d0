/** Caches keys in the form that the runtime's cryptography takes. */
import type { Keys } from './bindings.js'

/** Caches each key in the runtime's form, by the algorithm that it is used with. */
export class KeyForms<T> {
  readonly #keys = new WeakMap<Keys, Map<string, T>>()

  /** Returns the form of a key for an algorithm. Calls `make` at first use. */
  of(key: Keys, alg: string, make: () => T): T {
    let forms = this.#keys.get(key)
    if (forms === undefined) this.#keys.set(key, (forms = new Map<string, T>()))
    let form = forms.get(alg)
    if (form === undefined) forms.set(alg, (form = make()))
    return form
  }
}
