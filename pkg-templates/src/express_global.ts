/**
 * Gives `request.auth` of Express its type, in every file of your program: `import 'jotgate/express/global'`. For claims of your own
 * write these lines yourself, with `Auth<MyClaims>`.
 *
 * @packageDocumentation
 */
import type { Auth } from './express.js'

declare global {
  // The types of Express merge with a namespace of this name.
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace Express {
    interface Request {
      /** Set by `guard` of `jotgate/express` on requests with a token. */
      auth?: Auth
    }
  }
}
