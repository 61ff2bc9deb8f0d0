/** Renews tokens in one tab at a time. */
import { LoginError } from './errors.js'
import type { Metadata } from './metadata.js'
import type { Settings } from './options.js'
import type { SharedTokens } from './shared_tokens.js'
import { renew, revoke, type HeldTokens } from './token_endpoint.js'

/** The time to wait for the lock, in milliseconds. A frozen tab may hold the lock and never release it. */
const LOCK_TIME = 10_000

/** Whether the tokens should be renewed now. `rejected` is an access token that the API refused. */
export function isDue(held: HeldTokens, rejected: string | undefined): boolean {
  if (held.tokens.accessToken === rejected || isOver(held)) return true
  return held.refreshToken !== undefined && held.renewAt !== undefined && Date.now() >= held.renewAt
}

/**
 * Renews the tokens of `shared`, unless another tab has renewed them meanwhile. Tokens that cannot be renewed any more are
 * forgotten in every tab.
 *
 * @throws {@link LoginError} if the access token has ended and the renewal failed for another reason
 */
export async function renewShared(
  settings: Settings,
  shared: SharedTokens,
  loadMetadata: () => Promise<Metadata>,
  rejected: string | undefined,
): Promise<void> {
  await withLock(settings.name, async () => {
    // The tab that had the lock before has newer tokens, and its message may still be on its way.
    await shared.ask()
    const held = shared.held()
    if (held === undefined || !isDue(held, rejected)) return
    const end = () => shared.end('expired', held.login)
    if (held.refreshToken === undefined) return end()
    try {
      const metadata = await loadMetadata()
      const renewed = await renew(settings, metadata, held.refreshToken, held)
      // The user logged out meanwhile: the issuer must forget the new tokens, too.
      if (!shared.take(renewed)) await revoke(settings, metadata, renewed.refreshToken ?? renewed.tokens.accessToken)
    } catch (thrown) {
      const { code, issuerError } = thrown as LoginError
      if (issuerError === 'invalid_grant') return end()
      // The refresh token was used, but the response cannot be trusted.
      if (/^(id_)?token_(invalid|malformed)/.test(code)) end()
      else if (!isOver(held) && held.tokens.accessToken !== rejected) return
      throw thrown
    }
  })
}

function isOver({ tokens: { expiresAt } }: HeldTokens): boolean {
  return expiresAt !== undefined && Date.now() >= expiresAt * 1000
}

/** Runs `work` while this tab has the lock of that name. Runs it without the lock if the lock is not released in time. */
async function withLock(name: string, work: () => Promise<void>): Promise<void> {
  const locks = globalThis.navigator?.locks as LockManager | undefined
  let isGranted = false
  try {
    if (locks === undefined) return await work()
    await locks.request(name, { signal: AbortSignal.timeout(LOCK_TIME) }, () => {
      isGranted = true
      return work()
    })
  } catch (thrown) {
    if (locks === undefined || isGranted) throw thrown
    await work()
  }
}
