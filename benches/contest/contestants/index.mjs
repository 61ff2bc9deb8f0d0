/**
 * Who takes part. Each package is loaded by itself, so that one that does not even load in a runtime costs only its own
 * place. An entrant is made from a task – an algorithm, keys, a policy – and is a function that takes a token and
 * returns its claims, or a promise of them, or throws.
 */
export const PACKAGES = {
  'jotgate': () => import('./jotgate.mjs'),
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
  'fast-jwt, cache',
  'fast-jwt, cache by the token itself',
]

/** Those that are measured with repeated tokens: the caches, and what to compare them with. */
export const WITH_REPEATED_TOKENS = [...CACHES, 'jotgate verify', 'jotgate verifySync', 'jose', 'fast-jwt']
