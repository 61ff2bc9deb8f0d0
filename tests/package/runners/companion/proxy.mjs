/** The configuration of nginx in `docs/operations.md`, in front of a real companion: keys, a login page, and addresses that can't be forged. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request as plain } from 'node:http'
import { request as encrypted } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { harness, ok, same } from '../../suite/harness.mjs'
import { report } from '../report.mjs'
import { freePort, stopping } from '../serving.mjs'
import { debian } from '../setup.mjs'
import { root } from '../tools.mjs'

const LOGIN = '/authorize?response_type=code&client_id=app&redirect_uri=https%3A%2F%2Fapp.example%2Flogin'
  + '&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256'

/** The suite; it returns the exit code. */
export async function companionProxy() {
  const nginx = debian('nginx-light', '/usr/sbin/nginx')
  const { JOTGATE_KEYS: program = join(root, 'target', 'debug', 'jotgate-keys') } = process.env
  // nginx's workers run as another user.
  const folder = mkdtempSync(join(tmpdir(), 'jotgate-proxy-'))
  const [port, inside] = [await freePort(), await freePort()]
  const call = (command, words, input = '') => {
    const { status, stderr } = spawnSync(command, words, { encoding: 'utf8', input })
    if (status !== 0) throw new Error(`${command} ${words[0]}: ${stderr}`)
  }
  const [certificate, key] = ['fullchain.pem', 'privkey.pem'].map((name) => join(folder, name))
  const names = ['-subj', '/CN=issuer.example', '-addext', 'subjectAltName=DNS:issuer.example']
  call('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1',
    ...names, '-out', certificate, '-keyout', key])
  const store = ['--store', join(folder, 'keys', 'store.sqlite')]
  call(program, [...store, 'init', '--issuer', 'https://issuer.example'])
  call(program, [...store, 'users', 'add', 'ada'], 'quartz lantern orbit 7\n')
  call(program, [...store, 'clients', 'add', 'app', '--public', '--redirect', 'https://app.example/login', '--audience', 'https://api.example'])

  const page = readFileSync(join(root, 'docs', 'operations.md'), 'utf8')
  const server = /^cat > \/etc\/nginx\/\S+ <<'END'\n([\s\S]*?)^END$/m.exec(page)[1]
    .replace('listen 443 ssl', `listen 127.0.0.1:${port} ssl`)
    .replaceAll('/etc/ssl/issuer.example/', `${folder}/`)
    .replace('127.0.0.1:8411', `127.0.0.1:${inside}`)
  mkdirSync(join(folder, 'temporary'))
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/temporary/${name};`).join(' ')
  const configuration = join(folder, 'nginx.conf')
  writeFileSync(configuration, `daemon off; pid ${folder}/pid; error_log stderr; events {} http { access_log off; ${paths}\n${server}}\n`)
  call(nginx, ['-t', '-p', folder, '-c', configuration])

  const serve = ['serve', '--listen', `127.0.0.1:${inside}`, '--trusted-proxy', '127.0.0.1', '--log-format', 'json']
  const companion = spawn(program, [...store, ...serve], { stdio: ['ignore', 'pipe', 'pipe'] })
  let log = ''
  companion.stderr.on('data', (data) => (log += data))
  const stopCompanion = stopping(companion)
  for await (const line of createInterface({ input: companion.stdout })) if (line.includes('listening on')) break
  const proxy = spawn(nginx, ['-p', folder, '-c', configuration], { stdio: ['ignore', 'ignore', 'pipe'] })
  const stopProxy = stopping(proxy)
  const ca = readFileSync(certificate)
  const ask = (path, { direct = false, method = 'GET', headers = {}, body } = {}) =>
    new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', path, method, headers: { host: 'issuer.example', ...headers } }
      const request = direct
        ? plain({ ...options, port: inside })
        : encrypted({ ...options, port, ca, servername: 'issuer.example' })
      request.on('error', reject).on('response', async (answer) => {
        let text = ''
        for await (const part of answer) text += part
        resolve({ status: answer.statusCode, text })
      })
      request.end(body)
    })
  const { test, run } = harness()
  test('the key set comes through the proxy', async () => {
    let answer
    // nginx says nothing when it is ready.
    for (let attempt = 0; !answer; attempt++) {
      answer = await ask('/.well-known/jwks.json').catch((thrown) => {
        if (attempt > 100) throw thrown
      })
      if (!answer) await new Promise((resolve) => setTimeout(resolve, 50))
    }
    same(answer.status, 200)
    ok(JSON.parse(answer.text).keys.length > 0)
  })
  test('a person can log in behind the proxy, and not beside it', async () => {
    const { status, text } = await ask(LOGIN)
    same([status, text.includes('type="password"')], [200, true])
    same((await ask(LOGIN, { direct: true })).status, 400)
  })
  test("the log has the client's address, which the client can't choose", async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'x-forwarded-for': '192.0.2.77' }
    same((await ask('/token', { method: 'POST', headers, body: 'grant_type=client_credentials' })).status, 400)
    while (!log.includes('token refused')) await new Promise((resolve) => setTimeout(resolve, 20))
    const line = log.split('\n').find((line) => line.includes('token refused'))
    same(JSON.parse(line).address, '127.0.0.1')
    ok(!log.includes('192.0.2.77'))
  })
  try {
    return report(await run())
  } finally {
    const ended = [companion, proxy].map((child) => once(child, 'exit'))
    stopProxy()
    stopCompanion()
    await Promise.all(ended)
    rmSync(folder, { recursive: true, force: true })
  }
}
