/**
 * The entry `jotgate/mcp`: guards MCP servers with a gate. It depends on no SDK.
 *
 * @packageDocumentation
 */
export { authInfo } from './mcp/auth_info.js'
export { guardTools } from './mcp/guard_tools.js'
export { tokenVerifier } from './mcp/token_verifier.js'
export type { NodeBodyRequest, WebBodyRequest } from './mcp/body.js'
export type { NodeResponse } from './gate/node_response.js'
export type { ProblemCode } from './mcp/problem.js'
export type {
  AuthInfo,
  GuardToolsOptions,
  TokenVerifier,
  ToolAnswer,
  ToolCall,
  ToolGuard,
  VerifierErrors,
} from './mcp/types.js'
