/** Reads the JSON-RPC messages of a body: their methods and the tools that they call. Compares them with the headers. */
import { record } from '../base/record.js'
import { TextDecoder } from '../base/runtime.js'
import type { ReadField } from '../gate/request.js'
import { Problem } from './problem.js'

/** The parts of a message that decide which rights it needs. */
export interface Message {
  /** The method; `undefined` for a response, which has none. */
  readonly method: string | undefined
  /** The name of the tool, prompt, resource or task; `undefined` for other methods, and if the message has none. */
  readonly name: string | undefined
  /** The `id` for the response; `null` if the message has none. */
  readonly id: string | number | null
}

/**
 * Returns the messages of a body: one, or those of a batch.
 *
 * @throws `Problem` if the body contains anything else
 */
export function messagesOf(body: unknown): readonly [Message, ...Message[]] {
  const [first, ...others] = Array.isArray(body) ? (body as unknown[]) : [body]
  return [messageOf(first), ...others.map(messageOf)]
}

/**
 * Compares the headers `Mcp-Method` and `Mcp-Name`, if they are present, with the body (MCP 2026-07-28, "Standard Request Headers").
 * Proxies decide by these headers, so they must not differ from the body.
 *
 * @throws `Problem` if one of them differs
 */
export function checkHeaders([message, ...others]: readonly [Message, ...Message[]], field: ReadField): void {
  const method = field('mcp-method')
  const name = field('mcp-name')
  if (method === null && name === null) return
  if (others.length > 0) throw new Problem('header_mismatch')
  if (method !== null && method.trim() !== message.method) throw new Problem('header_mismatch')
  // For methods without a name, `Mcp-Name` is ignored.
  const named = message.method !== undefined && message.method in NAMED_BY
  if (name !== null && named && decodedName(name.trim()) !== message.name) throw new Problem('header_mismatch')
}

/** Returns an own member. Inherited members are ignored, because a polluted `Object.prototype` is not part of the message. */
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

/** By method: the parameter with the name that `Mcp-Name` repeats. */
const NAMED_BY: Readonly<Record<string, string>> = record({
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
  'tasks/get': 'taskId',
  'tasks/update': 'taskId',
  'tasks/cancel': 'taskId',
})

/** Decodes a name. Names that a header cannot contain are sent as `=?base64?…?=`. Returns `null` if that is malformed. */
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
