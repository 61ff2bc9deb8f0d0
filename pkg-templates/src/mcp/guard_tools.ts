/** Guards an MCP server: reads the messages of each request, and checks with the gate that the token allows them. */
import { isGiven, record } from '../base/record.js'
import { list, Options, size, text } from '../base/options.js'
import { optionError } from '../base/refusal.js'
import { throwError } from '../base/thrown.js'
import { fieldsOf } from '../gate/request.js'
import type { Anonymous, Denied, Passed, Preflight } from '../gate/types.js'
import { writeResponse } from '../gate/node_response.js'
import { authInfo } from './auth_info.js'
import { jsonBody } from './body.js'
import { checkHeaders, type Message, messagesOf } from './messages.js'
import { originCheck } from './origin.js'
import { Problem } from './problem.js'
import type { AnyGate, GuardToolsOptions, ToolAnswer, ToolGuard } from './types.js'

/**
 * Makes a guard for an MCP server. A call of a tool needs the scopes of that tool. Every method and tool that is not listed needs a token.
 * Only the body decides which method and tool a request calls.
 *
 * The guard also answers requests for the metadata of the gate's `resource`, and pre-flights according to the gate's `cors`.
 *
 * @throws `TypeError` that names the option that is missing, unknown or invalid
 *
 * @example
 * ```js
 * const guard = guardTools(gate, {
 *   toolScopes: { 'read-notes': ['notes:read'], 'write-note': ['notes:write'] },
 *   publicMethods: ['initialize', 'notifications/initialized', 'tools/list'],
 * })
 *
 * const call = await guard.check(request)
 * if (!call.ok) return call.response()
 * return gate.cors(request, await handler.fetch(request, call))
 * ```
 */
export function guardTools(gate: AnyGate, options: GuardToolsOptions): ToolGuard {
  const given = new Options('guardTools', options, ['toolScopes', 'publicMethods', 'origins', 'hosts', 'maxBodyBytes'])
  const toolScopes = given.require('toolScopes', scopesByTool)
  const publicMethods = new Set(given.read('publicMethods', list))
  const checkOrigin = originCheck(gate, given.read('origins', list), given.read('hosts', list))
  const limit = given.read('maxBodyBytes', size) ?? 4 << 20

  /** Returns the scopes that a message needs. Returns `undefined` if it needs no token. */
  const scopesOf = ({ method, name }: Message): readonly string[] | undefined => {
    const isPublic = method !== undefined && publicMethods.has(method)
    if (method !== 'tools/call') return isPublic ? undefined : []
    const scopes = name === undefined ? undefined : toolScopes.get(name)
    return isPublic && scopes?.length === 0 ? undefined : (scopes ?? [])
  }

  const decide: ToolGuard['check'] = async (request, options = {}) => {
    const document = gate.metadata(request)
    if (document !== undefined) return answer(document, undefined)
    // The SDKs accept `post` as `POST`.
    const method = request.method?.toUpperCase()
    if (method === 'OPTIONS') {
      const asked: Denied | Passed | Preflight = await gate.check(request)
      if (!asked.ok) return answer(asked.response(), asked.status === 204 ? undefined : asked.refusal)
    }
    let id: Message['id'] = null
    let parsedBody: unknown
    const needed: (readonly string[] | undefined)[] = []
    try {
      checkOrigin(request)
      if (method === 'POST') {
        parsedBody = await jsonBody(request, limit)
        const messages = messagesOf(parsedBody)
        if (messages.length === 1) id = messages[0].id
        checkHeaders(messages, fieldsOf(request))
        needed.push(...messages.map(scopesOf))
      } else needed.push([])
    } catch (thrown) {
      if (!(thrown instanceof Problem)) throw thrown
      return answer(gate.cors(request, thrown.response(id)), thrown.refusal)
    }
    const scopes = [...new Set(needed.flatMap((scopes) => scopes ?? []))]
    const needs = record({
      ...(isGiven(options, 'waitUntil') && { waitUntil: options.waitUntil }),
      ...(scopes.length > 0 && { scopes }),
    })
    const isPublic = needed.every((scopes) => scopes === undefined)
    const pass: Passed | Anonymous | Preflight | Denied = isPublic
      ? await gate.check(request, record({ ...needs, optional: true as const }))
      : await gate.check(request, needs)
    if (!pass.ok) return answer(pass.response(), pass.refusal)
    if (pass.claims === undefined) return { ok: true, parsedBody }
    return { ok: true, parsedBody, authInfo: authInfo(pass), pass }
  }

  return {
    check: decide,
    middleware(request, response, next) {
      const run = async () => {
        const call = await decide(request).catch(throwError)
        if (!call.ok) return writeResponse(call.response(), response)
        gate.cors(request, response)
        if (call.parsedBody !== undefined) Object.assign(request, { body: call.parsedBody })
        if (call.authInfo !== undefined) Object.assign(request, { auth: call.authInfo })
        next()
      }
      run().catch(next)
    },
  }
}

function answer(response: Response, refusal: string | undefined): ToolAnswer {
  return { ok: false, status: response.status, refusal, response: () => response }
}

/** Returns the scopes of each tool, by its name. A `Map`, because a tool may be called `constructor`. */
function scopesByTool(name: string, value: unknown): Map<string, readonly string[]> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw optionError(name, 'must be an object with an array of scopes for each tool')
  }
  return new Map(
    Object.entries(value).map(([tool, scopes]) => {
      if (!Array.isArray(scopes)) throw optionError(`${name}.${tool.slice(0, 64)}`, 'must be an array of scopes')
      return [tool, Array.from(scopes as unknown[], (scope) => text(`${name}.${tool.slice(0, 64)}`, scope))]
    }),
  )
}
