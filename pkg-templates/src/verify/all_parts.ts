/** All parts: `Verifier` and `createGate` of `jotgate` use them. */
import { HOST_RSA } from './host_questions.js'
import { ISSUERS } from './issuers.js'
import type { Parts } from './parts.js'
import { REMOTE_KEYS } from './remote_verifier.js'
import { TOKEN_CACHE } from './token_cache.js'

/** All parts, without a call: bundlers can remove the object where nothing uses it. */
export const ALL_PARTS: Required<Omit<Parts, 'rehearse'>> = { remoteKeys: REMOTE_KEYS, issuers: ISSUERS, tokenCache: TOKEN_CACHE, hostRsa: HOST_RSA }
