/** The problems of a request that are found before its token is checked, as HTTP responses with a JSON-RPC error. */
import { jsonOf, record } from '../base/record.js'

/** Status, JSON-RPC error code and message of each problem. */
const PROBLEMS = {
  origin_refused: [403, -32000, 'the Origin of this request is not allowed'],
  host_refused: [403, -32000, 'the Host of this request is not allowed'],
  body_too_large: [413, -32000, 'the request body is too large'],
  body_incomplete: [400, -32700, 'the request body is incomplete'],
  body_not_utf8: [400, -32700, 'the request body is not UTF-8'],
  body_not_json: [400, -32700, 'the request body is not JSON'],
  body_too_deep: [400, -32700, 'the request body is nested too deeply'],
  body_duplicate_member: [400, -32700, 'an object in the request body has a duplicate member'],
  not_a_message: [400, -32600, 'the request body is not a JSON-RPC message'],
  header_mismatch: [400, -32020, 'the Mcp-Method or Mcp-Name header differs from the request body'],
} as const satisfies Record<string, readonly [400 | 403 | 413, number, string]>

/** The stable code of a problem. */
export type ProblemCode = keyof typeof PROBLEMS

/** The error for a request that is refused whatever its token is. */
export class Problem extends Error {
  override name = 'Problem'
  readonly refusal: ProblemCode
  readonly status: 400 | 403 | 413

  constructor(refusal: ProblemCode) {
    super(PROBLEMS[refusal][2])
    this.refusal = refusal
    this.status = PROBLEMS[refusal][0]
  }

  /** Returns the response. `id` is the `id` of the message, or `null` if it is unknown. */
  response(id: string | number | null): Response {
    const [status, code, message] = PROBLEMS[this.refusal]
    const headers = new Headers({ 'content-type': 'application/json', 'cache-control': 'no-store' })
    const error = { code, message, data: { code: this.refusal } }
    return new Response(jsonOf({ jsonrpc: '2.0', error, id }), record({ status, headers }))
  }
}
