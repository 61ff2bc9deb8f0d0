/** `jotgate/login` as a user's TypeScript sees it. Compiled, never run: what must be refused says `@ts-expect-error`. */
import { createLogin, type FinishedLogin, type Login, LoginError, type LoginErrorCode, type Tokens } from 'jotgate/login'

export async function loginTypes(url: URL): Promise<string> {
  const login: Login = createLogin({
    issuer: 'https://issuer.example',
    clientId: 'app',
    redirectUri: 'https://app.example/callback',
    scopes: ['openid', 'items:read'] as const,
    resource: 'https://api.example',
    storage: 'session',
    onChange: ({ reason, tokens }) => {
      const word: 'login' | 'renewal' | 'logout' | 'expired' = reason
      const shown: Tokens | undefined = tokens
      return void [word, shown]
    },
  })
  // @ts-expect-error there is no `localStorage`
  createLogin({ issuer: 'a', clientId: 'b', redirectUri: 'c', storage: 'local' })
  // @ts-expect-error the client's id is missing
  createLogin({ issuer: 'a', redirectUri: 'c' })
  await login.start({ returnTo: '/items/7', parameters: { prompt: 'consent' } })
  const finished: FinishedLogin = await login.finish(url)
  const tokens = await login.tokens({ rejected: finished.accessToken })
  // @ts-expect-error there may be no login
  tokens.accessToken
  // @ts-expect-error tokens cannot be changed
  finished.accessToken = 'a'
  // @ts-expect-error the refresh token stays inside
  finished.refreshToken
  await login.logout({ returnTo: '/' })
  try {
    return finished.claims?.sub ?? finished.returnTo
  } catch (error) {
    if (!(error instanceof LoginError)) throw error
    const code: LoginErrorCode = error.code
    // @ts-expect-error this is no code
    if (code === 'state_forgotten') return ''
    await error.start?.()
    return error.issuerError ?? error.claim ?? code
  }
}
