/** Reads the JSON-RPC messages of a body: their methods, the tools that they call, and whether the headers agree. */
import { record } from '../base/record.js'
import { TextDecoder } from '../base/runtime.js'
import type { ReadField } from '../gate/request.js'
import { Problem } from './problem.js'

/** What decides about one message. */
export interface Message {
  /** The method; `undefined` for a response, which has none. */
  readonly method: string | undefined
  /** What it is about, such as the tool that it calls; `undefined` for other methods, and if there is no such text. */
  readonly name: string | undefined
  /** The id to answer with. */
  readonly id: string | number | null
}

/**
 * The messages of a body: one, or those of a batch.
 *
 * @throws `Problem` if it holds anything else
 */
export function messagesOf(body: unknown): readonly [Message, ...Message[]] {
  const [first, ...others] = Array.isArray(body) ? (body as unknown[]) : [body]
  return [messageOf(first), ...others.map(messageOf)]
}

/**
 * Compares the headers that repeat the body, where they are sent (MCP 2026-07-28, "Standard Request Headers"). Proxies decide by
 * them, so they must not differ.
 *
 * @throws `Problem` if one of them names something else
 */
export function checkHeaders([message, ...others]: readonly [Message, ...Message[]], field: ReadField): void {
  const method = field('mcp-method')
  const name = field('mcp-name')
  if (method === null && name === null) return
  if (others.length > 0) throw new Problem('header_mismatch')
  if (method !== null && method.trim() !== message.method) throw new Problem('header_mismatch')
  // For methods without a name the header means nothing.
  const named = message.method !== undefined && message.method in NAMED_BY
  if (name !== null && named && decodedName(name.trim()) !== message.name) throw new Problem('header_mismatch')
}

/** Own members only: what a library writes to `Object.prototype` is in no message. */
function own(object: unknown, name: string): unknown {
  return typeof object === 'object' && object !== null && Object.hasOwn(object, name)
    ? (object as Record<string, unknown>)[name]
    : undefined
}

function messageOf(item: unknown): Message {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) throw new Problem('not_a_message')
  const method = own(item, 'method')
  if (method !== undefined && typeof method !== 'string') throw new Problem('not_a_message')
  const parameter = method === undefined ? undefined : NAMED_BY[method]
  const name = parameter === undefined ? undefined : own(own(item, 'params'), parameter)
  const id = own(item, 'id')
  return {
    method,
    name: typeof name === 'string' ? name : undefined,
    id: typeof id === 'string' || typeof id === 'number' ? id : null,
  }
}

/** The parameter that names what a method is about, and that `Mcp-Name` repeats. */
const NAMED_BY: Readonly<Record<string, string>> = record({
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
  'tasks/get': 'taskId',
  'tasks/update': 'taskId',
  'tasks/cancel': 'taskId',
})

/** The name; one that a header cannot hold comes as `=?base64?…?=`. `null` if that is malformed. */
function decodedName(value: string): string | null {
  const [, base64] = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/.exec(value) ?? []
  if (base64 === undefined) return value.startsWith('=?base64?') ? null : value
  try {
    const binary = atob(base64)
    if (btoa(binary) !== base64) return null
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0))
    return new TextDecoder('utf-8', record({ fatal: true })).decode(bytes)
  } catch {
    return null
  }
}
