/**
 * The entry `jotgate/providers`: options for `createGate` that fit the tokens of an identity provider. Each function returns plain
 * options. Some issuers also make tokens for strangers. Their presets throw if the option that identifies your tokens is missing.
 *
 * @packageDocumentation
 */
export { cloudflareAccess, type CloudflareAccessOptions } from './providers/cloudflare_access.js'
export { cognito, type CognitoOptions } from './providers/cognito.js'
export { entra, type EntraOptions } from './providers/entra.js'
export { githubActions, type GithubActionsOptions } from './providers/github_actions.js'
export { google, type GoogleOptions } from './providers/google.js'
export { kubernetes, type KubernetesOptions } from './providers/kubernetes.js'
export { xsuaa, type XsuaaBinding } from './providers/xsuaa.js'
export type { Preset } from './providers/preset.js'
