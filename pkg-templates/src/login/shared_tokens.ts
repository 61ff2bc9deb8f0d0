/** Stores the tokens of this tab, and shares them with the other tabs of the same origin. */
import type { Settings } from './options.js'
import { parse, withStorage } from './pending.js'
import type { HeldTokens } from './token_endpoint.js'
import type { LoginChange } from './types.js'

/** The reason why a login ended. */
type End = 'logout' | 'expired'

type Message =
  | { readonly type: 'ask'; readonly login: string | undefined }
  | { readonly type: 'tokens'; readonly tokens: HeldTokens }
  | { readonly type: 'ended'; readonly login: string; readonly reason: End }

/** The tokens of this tab. */
export interface SharedTokens {
  held(): HeldTokens | undefined
  /** Reads `sessionStorage`, and asks the other tabs for newer tokens. Only the first call does this. */
  open(): Promise<void>
  /** Asks the other tabs for newer tokens. Resolves when one has sent some, or after {@link ANSWER_TIME}. */
  ask(): Promise<void>
  /** Takes the tokens of a login or a renewal in this tab. Returns `false` if that login has ended meanwhile. */
  take(tokens: HeldTokens): boolean
  /** Ends a login in every tab. */
  end(reason: End, login: string): void
}

/** The time to wait for answers of other tabs, in milliseconds. A later answer is used, too, but nothing waits for it. */
const ANSWER_TIME = 200

/** Creates the store. It touches no browser API before `open()`, so that a server can import a module that creates a login. */
export function shareTokens({ name, keepsAccessToken, onChange }: Settings): SharedTokens {
  const key = `${name} tokens`
  /** Logins that ended. Their tokens are never taken again, whatever the order of messages. */
  const ended = new Set<string>()
  let held: HeldTokens | undefined
  let channel: BroadcastChannel | undefined
  let opening: Promise<void> | undefined
  let answered = () => {}

  async function open(): Promise<void> {
    if (keepsAccessToken) held = withStorage((storage) => parse<HeldTokens>(storage.getItem(key)))
    if (!globalThis.BroadcastChannel) return
    channel = new BroadcastChannel(name)
    channel.onmessage = ({ data }: MessageEvent<Message>) => receive(data)
    // Node keeps a process alive for an open channel.
    ;(channel as { unref?(): void }).unref?.()
    const answer = ask()
    if (!held) await answer
  }

  async function ask(): Promise<void> {
    if (!channel) return
    await new Promise<void>((resolve) => {
      answered = resolve
      setTimeout(resolve, ANSWER_TIME)
      send({ type: 'ask', login: held?.login })
    })
  }

  function receive(message: Message): void {
    if (message.type === 'tokens') {
      if (adopt(message.tokens)) answered()
    } else if (message.type === 'ended') {
      forget(message.reason, message.login)
    } else {
      if (message.login && ended.has(message.login)) end('logout', message.login)
      if (held) send({ type: 'tokens', tokens: held })
    }
  }

  function adopt(tokens: HeldTokens): boolean {
    if (ended.has(tokens.login)) return false
    const isSameLogin = held?.login === tokens.login
    const renewals = tokens.renewals - (held?.renewals ?? 0)
    // After a reload, `storage: 'session'` has only the access token. Another tab may have the refresh and ID tokens.
    const isRest = isSameLogin && renewals === 0 && !held?.refreshToken && tokens.refreshToken
    if (!isRest && !(isSameLogin ? renewals > 0 : tokens.since > (held?.since ?? 0))) return false
    held = tokens
    store()
    if (!isRest) notify(isSameLogin ? 'renewal' : 'login')
    return true
  }

  function end(reason: End, login: string): void {
    forget(reason, login)
    send({ type: 'ended', login, reason })
  }

  function forget(reason: End, login: string): void {
    ended.add(login)
    if (held?.login !== login) return
    held = undefined
    store()
    notify(reason)
  }

  /** Stores only the access token, because duplicating a tab copies `sessionStorage`. */
  function store(): void {
    if (!keepsAccessToken) return
    const tokens = { ...held?.tokens, idToken: undefined, claims: undefined }
    const kept = held && JSON.stringify({ ...held, refreshToken: undefined, tokens })
    withStorage((storage) => storage.setItem(key, kept ?? ''))
  }

  function send(message: Message): void {
    channel?.postMessage(message)
  }

  function notify(reason: LoginChange['reason']): void {
    const change = { reason, tokens: held?.tokens }
    // An exception of the callback must not interrupt a renewal.
    queueMicrotask(() => onChange(change))
  }

  return {
    held: () => held,
    open: () => (opening ??= open()),
    ask,
    take(tokens) {
      if (adopt(tokens)) send({ type: 'tokens', tokens })
      return !ended.has(tokens.login)
    },
    end,
  }
}
