/**
 * The contestants. Each package is loaded separately, so that one that does not load in a runtime affects only
 * itself. An entrant is made from a task: an algorithm, keys and a policy. It is a function that takes a token and
 * returns its claims or a promise of them, or throws.
 */
export const PACKAGES = {
  'jotgate': () => import('./jotgate.mjs'),
  'earlier': () => import('./earlier.mjs'),
  'jose': () => import('./jose.mjs'),
  'fast-jwt': () => import('./fast_jwt.mjs'),
  'jsonwebtoken': () => import('./jsonwebtoken.mjs'),
  'hono': () => import('./hono.mjs'),
  'aws-jwt-verify': () => import('./aws_jwt_verify.mjs'),
  '@tsndr/cloudflare-worker-jwt': () => import('./tsndr.mjs'),
}

/** The entrants that remember tokens. */
export const CACHES = [
  'jotgate verify, token cache',
  'jotgate verifySync, token cache',
  'earlier verify, token cache',
  'earlier verifySync, token cache',
  'fast-jwt, cache',
  'fast-jwt, cache by the token itself',
]

/** The entrants that are measured with repeated tokens: the caches, and those to compare them with. */
export const WITH_REPEATED_TOKENS = [
  ...CACHES,
  'jotgate verify',
  'jotgate verifySync',
  'earlier verify',
  'earlier verifySync',
  'jose',
  'fast-jwt',
]
