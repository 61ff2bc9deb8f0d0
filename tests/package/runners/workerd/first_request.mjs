/** The suite `workerd-first-request`: the first request runs only functions that were compiled at module scope. */
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { checks, report } from '../report.mjs'
import { here, require, tools } from '../tools.mjs'
import { startWorker } from './serve.mjs'

/** A worker for each form of keys. */
export async function workerdFirstRequest({ folder }, { about }) {
  about({ version: require('workerd/package.json').version })
  const jose = await import(require.resolve('jose'))
  const { publicKey, privateKey } = await jose.generateKeyPair('ES256')
  const jwk = { ...(await jose.exportJWK(publicKey)), kid: 'a', alg: 'ES256' }
  const token = await new jose.SignJWT({ iss: 'https://issuer.example', aud: 'api', scope: 'read' })
    .setProtectedHeader({ alg: 'ES256', kid: 'a' })
    .setExpirationTime('1h')
    .sign(privateKey)
  const entry = join(folder, 'worker.mjs')
  await cp(join(here, 'runners', 'workerd', 'worker_first_request.mjs'), entry)
  const { check, outcome } = checks()
  for (const form of ['hand', 'set', 'fetched']) {
    await writeFile(join(folder, 'task.json'), JSON.stringify({ form, jwk }))
    const log = join(folder, `${form}.log`)
    const v8Flags = ['--log-function-events', `--logfile=${log}`, '--no-logfile-per-isolate']
    const worker = await startWorker(folder, entry, tools, { v8Flags })
    try {
      const response = await fetch(worker.url, { headers: { authorization: `Bearer ${token}` } })
      const answer = await response.text()
      check(`${form}: the token is accepted`, answer === 'true 2', answer)
      const compiled = await compiledInRequest(log)
      check(`${form}: the request compiles no function of the package`, compiled.length === 0, compiled.join(', '))
    } finally {
      worker.stop()
    }
  }
  return report(outcome)
}

/** The names of the functions that V8 compiled between the markers of the worker, without the worker's own. */
async function compiledInRequest(log) {
  for (const begun = Date.now(); ; ) {
    const events = (await readFile(log, 'utf8')).split('\n').map((line) => line.split(','))
    const names = events.filter(([kind, event]) => kind === 'function' && event === 'parse-function').map((event) => event[7])
    const [from, to] = [names.indexOf('requestBegins'), names.indexOf('requestEnds')]
    if (from >= 0 && to > from) return names.slice(from + 1, to).filter((name) => name !== 'keysOfIssuer')
    if (Date.now() - begun > 10_000) throw new Error(`${log} lacks the markers`)
    await new Promise((settle) => setTimeout(settle, 20))
  }
}
