/** The types of `jotgate/mcp`. */
import type { JWTPayload, ProtectedHeader } from '../base/types.js'
import type { NodeResponse } from '../gate/node_response.js'
import type { Gate, Passed } from '../gate/types.js'
import type { WaitUntil } from '../remote/remote_key_set.js'
import type { NodeBodyRequest, WebBodyRequest } from './body.js'
import type { ProblemCode } from './problem.js'

/** A gate, whatever its claims and principals are. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyGate = Pick<Gate<any, any, any>, 'check' | 'metadata' | 'cors'>

/** What the MCP SDKs know of a verified token. */
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
  /** Where the metadata of the resource is, for challenges of the SDK. */
  resourceMetadataUrl?: string
  /** What else the gate found. */
  extra: { readonly claims: JWTPayload; readonly header: Partial<ProtectedHeader>; readonly principal: unknown }
}

/** What `requireBearerAuth` of the MCP SDKs takes as `verifier`. */
export interface TokenVerifier {
  /**
   * Verifies a token.
   *
   * @throws an error of the class that was passed in, for a token that is refused; `Error` if there are no keys to verify with
   */
  verifyAccessToken(token: string): Promise<AuthInfo>
}

/** The error classes of the SDK in use, so that this package depends on none. */
export type VerifierErrors =
  | {
      /** Of `@modelcontextprotocol/server` 2. */
      // eslint-disable-next-line @typescript-eslint/no-explicit-any
      readonly OAuthError: new (code: any, message: string) => Error
    }
  | {
      /** Of `@modelcontextprotocol/sdk` 1, `server/auth/errors.js`. */
      readonly InvalidTokenError: new (message: string) => Error
      /** For rules of the gate that refuse a token. Default: `InvalidTokenError`. */
      readonly InsufficientScopeError?: new (message: string) => Error
    }

/** Which calls need which scopes. What is not listed needs a token. */
export interface GuardToolsOptions {
  /**
   * The scopes of each tool, all of them needed. A tool that is not listed needs a token of any scope. A tool with an empty list
   * needs none, if `tools/call` is one of `publicMethods`.
   */
  toolScopes: Readonly<Record<string, readonly string[]>>
  /** The methods that need no token, such as `initialize` and `tools/list`. Default: none. */
  publicMethods?: readonly string[]
  /**
   * The origins of pages that may call, compared exactly. Default: those of the gate's `cors`, and that of its `resource`. Requests
   * without `Origin`, which come from no page, are never refused because of it.
   */
  origins?: readonly string[]
  /**
   * The values of `Host` that are accepted, with a port or for every port. List them for a server on loopback, where pages reach it
   * by DNS rebinding. Default: every host.
   */
  hosts?: readonly string[]
  /** The largest body that is read, in bytes. Default: 4 MiB, as in the SDKs. */
  maxBodyBytes?: number
}

/** A request that may reach the MCP server. It can be passed to `fetch` of the SDK's handler as its options. */
export interface ToolCall<Claims = JWTPayload, Principal = unknown> {
  readonly ok: true
  /** The JSON value of the body; `undefined` for requests without one. The body itself has been read. */
  readonly parsedBody: unknown
  /** Who calls; absent for a call without a token. */
  readonly authInfo?: AuthInfo
  /** The pass of the gate; absent for a call without a token. */
  readonly pass?: Passed<Claims, Principal>
  readonly response?: undefined
}

/** A request that the guard answers itself: refused, the metadata of the resource, or a pre-flight. */
export interface ToolAnswer {
  readonly ok: false
  /** The HTTP status. */
  readonly status: number
  /** The stable code of the reason: one of the gate's, or one of {@link ProblemCode}; `undefined` for an answer that is no refusal. */
  readonly refusal: ProblemCode | (string & {}) | undefined
  /** The response to send. */
  response(): Response
}

/** Guards an MCP server. Its functions need no `this`. */
export interface ToolGuard {
  /**
   * Whether a request may reach the server. Reads its body, once.
   *
   * @param request - a standard `Request`, or one of Node's `http` or Express. `request.body` of Express is used if a parser
   *   read the stream before.
   * @throws `TypeError` if the body was read before; what `principal` and `authorize` of the gate throw
   */
  check(request: WebBodyRequest | NodeBodyRequest, options?: { waitUntil?: WaitUntil }): Promise<ToolCall | ToolAnswer>
  /**
   * The same as middleware of Express: sets `request.body`, and `request.auth` to an {@link AuthInfo}, which the SDK's transports
   * read.
   */
  middleware(request: NodeBodyRequest, response: NodeResponse, next: (error?: unknown) => void): void
}
