import { createVerifier } from 'fast-jwt'

function verifier(task, more) {
  return createVerifier({
    // Several keys use its documented `key` function. It prepares the returned key for each token.
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
  // Its documentation calls this faster, if tokens may be in memory.
  'fast-jwt, cache by the token itself': (task) =>
    verifier(task, { cache: task.cacheEntries, cacheKeyBuilder: (token) => token }),
}
