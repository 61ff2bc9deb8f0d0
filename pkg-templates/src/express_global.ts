/**
 * The entry `jotgate/express/global`: declares the type of Express's `request.auth` in every file of your program. If your tokens have
 * claims of their own, write this declaration yourself, with `Auth<MyClaims>`.
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
