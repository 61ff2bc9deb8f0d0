/** The suite, and what only Node has: its own key objects, servers, a second way to load, files. */
import { ok, same } from '../../suite/harness.mjs'
import { docsTests } from './docs.mjs'
import { nodeHttpTests } from './http.mjs'
import { report } from '../report.mjs'
import { rightAway } from '../right_away.mjs'

export async function runOnNode({ jotgate, facade, decoder, dpop, introspection, mcp, mtls, providers, status, testing, modular, load, resolved }) {
  const soon = rightAway(jotgate)
  const [{ runSuite, verifiersInParts }, jose] = await Promise.all([load('suite.mjs'), import('jose')])
  const { EXPECTED_FILE, IN_PARTS } = process.env
  const outcome = await runSuite({ jotgate, facade, decoder, dpop, introspection, mcp, mtls, providers, status, testing, modular, jose }, (context) => {
    soon(context)
    // The documents are the same for both ways to load the package: once is enough.
    if (resolved === undefined) docsTests(context)
    nodeHttpTests(context)
    nodeKeyTests(context)
    if (IN_PARTS !== undefined) verifiersInParts(context)
    if (EXPECTED_FILE !== undefined) {
      context.test(`complaint 5: \`require\` works, by ${EXPECTED_FILE}`, () => ok(resolved.endsWith(EXPECTED_FILE), resolved))
    }
  })
  return report(outcome)
}

function nodeKeyTests({ facade, test, world }) {
  test('key objects of node:crypto verify, private ones are a TypeError', async () => {
    const { createPrivateKey, createPublicKey, createSecretKey } = await import('node:crypto')
    for (const alg of ['ES256', 'RS256', 'PS256', 'EdDSA']) {
      const key = createPublicKey({ key: world().keys[alg].jwk, format: 'jwk' })
      ok(
        (await facade.jwtVerify(await world().token(alg), key, { currentDate: new Date(1_790_000_000_000) })).payload
          .sub,
      )
      ok((await facade.calculateJwkThumbprint(key)) === (await facade.calculateJwkThumbprint(world().keys[alg].jwk)))
    }
    const secret = createSecretKey(world().keys.HS256.secret)
    ok(
      (await facade.jwtVerify(await world().token('HS256'), secret, { currentDate: new Date(1_790_000_000_000) }))
        .payload.sub,
    )
    const own = createPrivateKey({ key: world().keys.ES256.privateJwk, format: 'jwk' })
    const error = await facade.jwtVerify(await world().token('ES256'), own).catch((thrown) => thrown)
    same(error.name, 'TypeError')
  })
}
