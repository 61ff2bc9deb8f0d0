/**
 * Authlib as it is logs a person in at the companion: validated metadata, code + PKCE, refresh and revocation over https; and its Flask
 * client with OpenID Connect, `/userinfo` and logout.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { harness, ok, same } from '../../suite/harness.mjs'
import { report } from '../report.mjs'
import { python } from '../setup.mjs'
import { Browser, logIn } from './browser.mjs'
import { API, PERSON, startCompanion } from './world.mjs'

const REDIRECT = 'https://app.example/login'
const BYE = 'https://app.example/bye'
const LOGIN = ['--redirect', REDIRECT, '--offline-access', '--scope', 'read write', '--audience', API]

/** The suite; it takes the project and the tools of `run.mjs`, and returns the exit code. */
export async function authlib({ folder }, { here, require }) {
  const program = python('Authlib==1.9.10', 'requests==2.34.2')
  const jose = await import(require.resolve('jose'))
  const openid = ['--redirect', REDIRECT, '--logout-redirect', BYE, '--offline-access', '--scope', 'openid profile email', '--audience', API]
  const world = await startCompanion(folder, { spa: ['--public', ...LOGIN], web: LOGIN, openid }, { init: ['--openid'] })
  world.keys(['users', 'set', PERSON.username, '--full-name', 'Ada Lovelace', '--email', 'ada@example.com', '--email-verified', 'true'])
  const { test, run } = harness()
  try {
    for (const id of ['spa', 'web']) {
      const kind = world.secrets[id] ? 'confidential' : 'public'
      test(`Authlib validates the metadata, logs in with a ${kind} client, refreshes and revokes`, async () => {
        const args = [world.issuer, id, world.secrets[id] ?? '', REDIRECT]
        const env = { ...process.env, REQUESTS_CA_BUNDLE: world.certificate }
        const child = spawn(program, [join(here, 'runners', 'companion', 'authlib_client.py'), ...args], { env })
        const problems = []
        child.stderr.on('data', (data) => problems.push(data))
        const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
        const next = async () => (await lines.next()).value ?? Promise.reject(new Error(problems.join('')))
        const back = await logIn(await next(), world.ca)
        child.stdin.end(`${back}\n`)
        const { access, ...seen } = JSON.parse(await next())
        same(seen, {
          validated: world.issuer,
          type: 'Bearer',
          scope: 'read offline_access',
          rotated: true,
          revoked: 200,
          after: 'invalid_grant',
        })
        const [first, renewed] = access.map((token) => jose.decodeJwt(token))
        same([first.iss, first.aud, first.client_id, first.scope], [world.issuer, API, id, 'read'])
        same([renewed.sub, renewed.auth_time, renewed.amr], [first.sub, first.auth_time, ['pwd']])
        ok(first.jti !== renewed.jti)
      })
    }
    test('Authlib validates the OpenID metadata; its Flask client logs in, reads /userinfo, refreshes and logs out', async () => {
      const flask = python('Authlib==1.9.10', 'requests==2.34.2', 'Flask==3.1.3')
      const args = [world.issuer, 'openid', world.secrets.openid, REDIRECT, BYE]
      const env = { ...process.env, REQUESTS_CA_BUNDLE: world.certificate }
      const child = spawn(flask, [join(here, 'runners', 'companion', 'authlib_openid_client.py'), ...args], { env })
      const problems = []
      child.stderr.on('data', (data) => problems.push(data))
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
      const next = async () => (await lines.next()).value ?? Promise.reject(new Error(problems.join('')))
      const browser = new Browser(world.ca)
      child.stdin.write(`${(await browser.logIn(await next())).location}\n`)
      const { status, location } = await browser.visit(await next())
      same([status, location.startsWith(`${BYE}?state=`)], [303, true])
      child.stdin.end(`${location}\n`)
      same(JSON.parse(await next()), {
        validated: world.issuer,
        amr: ['pwd'],
        same: [true, true],
        email: ['ada@example.com', true],
        name: ['Ada Lovelace', 'ada'],
        auth_time: true,
        returned: BYE,
      })
    })
    return report(await run())
  } finally {
    world.stop()
  }
}
