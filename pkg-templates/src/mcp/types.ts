/** The types of `jotgate/mcp`. */
import type { JWTPayload, ProtectedHeader } from '../base/types.js'
import type { NodeResponse } from '../gate/node_response.js'
import type { Gate, Passed } from '../gate/types.js'
import type { WaitUntil } from '../remote/remote_key_set.js'
import type { NodeBodyRequest, WebBodyRequest } from './body.js'
import type { ProblemCode } from './problem.js'

/** A gate with any types of claims and principals. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyGate = Pick<Gate<any, any, any>, 'check' | 'metadata' | 'cors'>

/** The facts about a verified token, in the form of the MCP SDKs. */
export interface AuthInfo {
  /** The token. */
  token: string
  /** The client: `client_id`, else `azp`, else `sub`, else empty. */
  clientId: string
  /** The scopes of the token. */
  scopes: string[]
  /** When the token expires, in seconds since 1970-01-01T00:00:00Z. */
  expiresAt?: number
  /** The `resource` of the gate; without it the audience, if the token has exactly one and it is a URL. */
  resource?: URL
  /** The URL of the resource's metadata, for challenges of the SDK. */
  resourceMetadataUrl?: string
  /** The other results of the gate. */
  extra: { readonly claims: JWTPayload; readonly header: Partial<ProtectedHeader>; readonly principal: unknown }
}

/** The option `verifier` of `requireBearerAuth` of the MCP SDKs. */
export interface TokenVerifier {
  /**
   * Verifies a token.
   *
   * @throws an error of a class in `errors` for a refused token; `Error` if there are no keys to verify with
   */
  verifyAccessToken(token: string): Promise<AuthInfo>
}

/** The error classes of the SDK in use, so that this package depends on none. */
export type VerifierErrors =
  | {
      /** The class of `@modelcontextprotocol/server` 2. */
      // eslint-disable-next-line @typescript-eslint/no-explicit-any
      readonly OAuthError: new (code: any, message: string) => Error
    }
  | {
      /** The class of `@modelcontextprotocol/sdk` 1, from `server/auth/errors.js`. */
      readonly InvalidTokenError: new (message: string) => Error
      /** The class of the same file for requests that the gate denies with 403. Default: `InvalidTokenError`. */
      readonly InsufficientScopeError?: new (message: string) => Error
    }

/** The rights that each call needs. Methods and tools that are not listed need a token. */
export interface GuardToolsOptions {
  /**
   * The scopes that each tool needs, all of them. A tool that is not listed needs a token with any scopes. A tool with an empty list
   * needs no token if `publicMethods` contains `tools/call`.
   */
  toolScopes: Readonly<Record<string, readonly string[]>>
  /** The methods that need no token, such as `initialize` and `tools/list`. Default: none. */
  publicMethods?: readonly string[]
  /**
   * The origins of pages that may call, compared exactly. Default: the origins of the gate's `cors` and of its `resource`. Requests
   * without `Origin` do not come from a page, so this check does not apply to them.
   */
  origins?: readonly string[]
  /**
   * The accepted values of `Host`, with a port or for every port. Set it for a server on loopback, which pages can reach by DNS
   * rebinding. Default: every host.
   */
  hosts?: readonly string[]
  /** The largest accepted body, in bytes. Default: 4 MiB, as in the SDKs. */
  maxBodyBytes?: number
}

/** A request that may reach the MCP server. It can be passed to `fetch` of the SDK's handler as its options. */
export interface ToolCall<Claims = JWTPayload, Principal = unknown> {
  readonly ok: true
  /** The JSON value of the body; `undefined` for requests without one. The body itself has been read. */
  readonly parsedBody: unknown
  /** The facts about the token; absent for a call without a token. */
  readonly authInfo?: AuthInfo
  /** The pass of the gate; absent for a call without a token. */
  readonly pass?: Passed<Claims, Principal>
  readonly response?: undefined
}

/** A request that the guard answers itself: a refusal, a request for the metadata of the resource, or a pre-flight. */
export interface ToolAnswer {
  readonly ok: false
  /** The HTTP status. */
  readonly status: number
  /** The stable code of the reason: one of the gate's, or one of {@link ProblemCode}; `undefined` if this is not a refusal. */
  readonly refusal: ProblemCode | (string & {}) | undefined
  /** The response to send. */
  response(): Response
}

/** Guards an MCP server. Its functions need no `this`. */
export interface ToolGuard {
  /**
   * Checks whether a request may reach the server. Reads its body.
   *
   * @param request - a standard `Request`, or one of Node's `http` or Express. If a body parser of Express has read the stream,
   *   `request.body` is used.
   * @throws `TypeError` if the body was already read; any error that `principal` or `authorize` of the gate throws
   */
  check(request: WebBodyRequest | NodeBodyRequest, options?: { waitUntil?: WaitUntil }): Promise<ToolCall | ToolAnswer>
  /**
   * Does the same as Express middleware. Sets `request.body`, and sets `request.auth` to an {@link AuthInfo}, which the SDK's transports
   * read.
   */
  middleware(request: NodeBodyRequest, response: NodeResponse, next: (error?: unknown) => void): void
}
