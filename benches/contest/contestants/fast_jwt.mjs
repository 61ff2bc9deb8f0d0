import { createVerifier } from 'fast-jwt'

function verifier(task, more) {
  return createVerifier({
    // Several keys are its documented `key` function; it prepares the returned key again for each token.
    key:
      task.keys > 1 ? async ({ header }) => task.pems[header.kid] : task.secret ? Buffer.from(task.secret) : task.pem,
    algorithms: [task.algorithm],
    allowedIss: task.issuer,
    allowedAud: task.audience,
    requiredClaims: ['exp', 'iss', 'aud'],
    ...more,
  })
}

export const entrants = {
  'fast-jwt': (task) => verifier(task),
  'fast-jwt, cache': (task) => verifier(task, { cache: task.cacheEntries }),
  // Its documentation names this as the faster one, for those who don't mind tokens in memory.
  'fast-jwt, cache by the token itself': (task) =>
    verifier(task, { cache: task.cacheEntries, cacheKeyBuilder: (token) => token }),
}
