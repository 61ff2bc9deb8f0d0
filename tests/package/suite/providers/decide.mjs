/** Issuers in the shape of `cases.mjs`, and the decisions of a gate about their tokens. */
import { ok, same } from '../harness.mjs'

/** Claims of `testIssuer` that not every provider sends. */
const ABSENT = { client_id: undefined, jti: undefined, sub: undefined }

/** An issuer in the shape of a case: the tokens it signs, and the `fetch` through which it serves its keys where the provider does. */
export async function issuerOf({ testIssuer }, { issuer: name, algorithm = 'RS256', jwksUri, key, header, claims, field }) {
  const issuer = await testIssuer({ issuer: name, algorithm })
  const token = (changes = {}, more = {}) =>
    issuer.token({ ...ABSENT, ...claims, ...changes }, { header: { ...header, ...more } })
  return {
    issuer,
    token,
    fetch: async (url, init) => {
      const asked = String(url)
      if (jwksUri !== undefined && asked !== jwksUri) throw new Error(`the gate asks ${asked}, not ${jwksUri}`)
      if (key !== undefined) return Response.json({ keys: issuer.jwks.keys.map((jwk) => ({ ...jwk, ...key })) })
      return issuer.fetch(jwksUri === undefined ? asked : issuer.jwksUri, init)
    },
    request: async (changes, more) => {
      const sent = await token(changes, more)
      const headers = field === undefined ? { authorization: `Bearer ${sent}` } : { [field]: sent }
      return new Request('https://api.example/notes', { headers })
    },
  }
}

/** Checks the decisions of a case. `check(request)` is the gate's decision. */
export async function decides({ name, accepted = {}, refused }, { request }, check) {
  const passed = async (about, changes, header) => {
    const pass = await check(await request(changes, header))
    ok(pass.ok, `${name}: ${about} is refused as ${pass.refusal}: ${pass.detail}`)
  }
  await passed('the usual token')
  for (const [about, { changes, header }] of Object.entries(accepted)) await passed(about, changes, header)
  ok(Object.keys(refused).some((about) => about.includes('another audience')), `${name}: no token has the wrong audience`)
  ok(Object.keys(refused).some((about) => about.includes('a stranger')), `${name}: no token is a stranger's`)
  for (const [about, [changes, code]] of Object.entries(refused)) {
    const denied = await check(await request(changes))
    same([denied.ok, denied.refusal], [false, code ?? denied.refusal], `${name}: ${about}`)
  }
}
