/** Debian's mod_auth_openidc as it is logs a person in at the companion, renews its tokens and logs out. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { harness, ok, same } from '../../suite/harness.mjs'
import { report } from '../report.mjs'
import { freePort, stopping } from '../serving.mjs'
import { debian, Missing } from '../setup.mjs'
import { Browser } from './browser.mjs'
import { API, PERSON, startCompanion } from './world.mjs'

const MODULES = '/usr/lib/apache2/modules'
const APACHE = '/usr/sbin/apache2'

/** The suite; it takes the project and returns the exit code. */
export async function apache({ folder }) {
  debian('libapache2-mod-auth-openidc', `${MODULES}/mod_auth_openidc.so`)
  if (!existsSync(APACHE)) throw new Missing(`${APACHE} is not there: the package apache2-bin has it`)
  const words = ['--redirect', 'http://127.0.0.1/protected/callback', '--logout-redirect', 'http://127.0.0.1/bye', '--offline-access']
  const client = [...words, '--scope', 'openid profile email', '--audience', API]
  const world = await startCompanion(folder, { apache: client }, { init: ['--openid'] })
  world.keys(['users', 'set', PERSON.username, '--email', 'ada@example.com', '--email-verified', 'true'])
  const server = await startApache(world)
  const { test, run } = harness()
  try {
    test('mod_auth_openidc logs a person in, renews its tokens and logs out', async () => {
      const browser = new Browser(world.ca)
      const page = () => browser.visit(`${server.origin}/protected/`)
      const asked = await page()
      same(asked.status, 302, server.log())
      const { location: callback } = await browser.logIn(asked.location)
      const back = await browser.visit(`${callback}`)
      same([back.status, back.location], [302, `${server.origin}/protected/`], server.log())
      const first = await page()
      same([first.status, first.headers['x-user'], first.headers['x-email']], [200, 'ada', 'ada@example.com'])
      const token = first.headers['x-access-token']
      const hook = new URLSearchParams({ refresh: `${server.origin}/protected/`, access_token: token })
      const renewed = await browser.visit(`${server.origin}/protected/callback?${hook}`)
      same([renewed.status, renewed.location], [302, `${server.origin}/protected/`], server.log())
      const second = await page()
      same([second.status, second.headers['x-user']], [200, 'ada'])
      ok(second.headers['x-access-token'] !== token, 'the token is the same')

      const bye = `${server.origin}/bye`
      const end = await browser.visit(`${server.origin}/protected/callback?${new URLSearchParams({ logout: bye })}`)
      const request = new URL(end.location)
      same([request.origin + request.pathname, request.searchParams.get('post_logout_redirect_uri')], [`${world.issuer}/logout`, bye])
      const ended = await browser.visit(end.location)
      ok(ended.status === 303 && ended.location.startsWith(bye), `${ended.status} ${ended.location}`)
      const again = await page()
      same(again.status, 302)
      ok((await browser.visit(again.location)).page.includes('name="password"'), 'the session goes on')
    })
    return report(await run())
  } finally {
    await server.stop()
    world.stop()
  }
}

/** Starts an Apache with one protected folder. */
async function startApache({ issuer, certificate, secrets }) {
  const [port, home] = [await freePort(), await mkdtemp(join(tmpdir(), 'jotgate-apache-'))]
  // Apache's workers are another user, who has to read it.
  await chmod(home, 0o755)
  await cp(certificate, join(home, 'issuer.pem'))
  const origin = `http://127.0.0.1:${port}`
  await mkdir(join(home, 'www', 'protected'), { recursive: true })
  await writeFile(join(home, 'www', 'protected', 'index.html'), 'inside\n')
  const modules = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'dir', 'headers', 'auth_openidc']
  const root = process.getuid?.() === 0 ? ['User www-data', 'Group www-data'] : []
  const configuration = [
    ...modules.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`),
    ...root,
    `ServerRoot ${home}`,
    'ServerName 127.0.0.1',
    `Listen 127.0.0.1:${port}`,
    `PidFile ${home}/pid`,
    `ErrorLog ${home}/log`,
    `Mutex file:${home} default`,
    `DocumentRoot ${home}/www`,
    'DirectoryIndex index.html',
    `OIDCProviderMetadataURL ${issuer}/.well-known/openid-configuration`,
    `OIDCCABundlePath ${home}/issuer.pem`,
    'OIDCClientID apache',
    `OIDCClientSecret ${secrets.apache}`,
    `OIDCRedirectURI ${origin}/protected/callback`,
    'OIDCCryptoPassphrase for-this-run-alone',
    'OIDCScope "openid profile email offline_access"',
    'OIDCPKCEMethod S256',
    'OIDCRemoteUserClaim preferred_username',
    '<Location /protected/>',
    'AuthType openid-connect',
    'Require valid-user',
    'Header always set X-User "%{OIDC_CLAIM_preferred_username}e"',
    'Header always set X-Email "%{OIDC_CLAIM_email}e"',
    'Header always set X-Access-Token "%{OIDC_access_token}e"',
    '</Location>',
  ]
  await writeFile(join(home, 'apache.conf'), `${configuration.join('\n')}\n`)
  const problems = []
  const child = spawn(APACHE, ['-f', join(home, 'apache.conf'), '-DFOREGROUND'], { stdio: ['ignore', 'ignore', 'pipe'] })
  child.stderr.on('data', (data) => problems.push(data))
  const stop = stopping(child)
  for (const since = Date.now(); !(await listens(port)); ) {
    const log = await readFile(join(home, 'log'), 'utf8').catch(() => '')
    if (child.exitCode !== null || Date.now() - since > 60_000) throw new Error(`Apache does not listen: ${problems.join('')}${log}`)
    await new Promise((settle) => setTimeout(settle, 100))
  }
  const end = async () => {
    const ended = once(child, 'exit')
    stop()
    await ended
    await rm(home, { recursive: true, force: true })
  }
  return { origin, stop: end, log: () => readFileSync(join(home, 'log'), 'utf8') }
}

function listens(port) {
  return new Promise((settle) => {
    const socket = connect(port, '127.0.0.1', () => settle(true) ?? socket.destroy())
    socket.on('error', () => settle(false))
  })
}
