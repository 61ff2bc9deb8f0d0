/** Stores logins that were started but not finished in `sessionStorage`: one entry for each `state`. */
import { LoginError } from './errors.js'

/** A login that the issuer has not answered yet. */
export interface PendingLogin {
  readonly verifier: string
  readonly nonce: string
  readonly returnTo: string
  /** The time at which it was started, in milliseconds since 1970. */
  readonly startedAt: number
}

/** The lifetime of a pending login, in milliseconds. Then its verifier and `state` are removed. */
const LIFETIME = 3_600_000

/** Uses the page's `sessionStorage`. @throws {@link LoginError} `storage_unavailable` */
export function withStorage<T>(use: (storage: Storage) => T): T {
  try {
    // The getter itself throws where the browser blocks site data.
    return use(sessionStorage)
  } catch (cause) {
    throw new LoginError('storage_unavailable', { cause })
  }
}

/**
 * Stores a pending login, and removes those that are too old. Several pending logins of one tab are independent.
 *
 * @param name - the settings' name: a redirect can finish only a login of the same issuer and client
 */
export function storePending(name: string, state: string, login: PendingLogin): void {
  withStorage((storage) => {
    for (const key of Object.keys(storage)) {
      if (key.startsWith(keyOf(name, '')) && !isRecent(parse<PendingLogin>(storage[key]))) storage.removeItem(key)
    }
    storage.setItem(keyOf(name, state), JSON.stringify(login))
  })
}

/** Takes a pending login out of the storage. Returns `undefined` if there is none or if it is too old. */
export function takePending(name: string, state: string): PendingLogin | undefined {
  return withStorage((storage) => {
    const key = keyOf(name, state)
    const login = parse<PendingLogin>(storage.getItem(key))
    storage.removeItem(key)
    return isRecent(login) ? login : undefined
  })
}

function keyOf(name: string, state: string): string {
  return `${name} pending ${state}`
}

function isRecent(login: PendingLogin | undefined): boolean {
  return Date.now() - (login?.startedAt ?? 0) < LIFETIME
}

/** Parses an entry. Returns `undefined` for invalid text: any script of the origin may have written it. */
export function parse<T>(text: string | null): T | undefined {
  try {
    return (JSON.parse(text ?? 'null') as T | null) ?? undefined
  } catch {
    return undefined
  }
}
