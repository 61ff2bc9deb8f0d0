/**
 * The one suite. A runner gives it the package as it loaded it (`jotgate`, `facade` = `jotgate/jose`, `decoder` =
 * `jotgate/decode`), the real jose, and gets back how many tests passed and what failed. Nothing in here knows in which
 * runtime it runs.
 */
import { badInputTests } from './suite/bad_input.mjs'
import { gateComplaintTests } from './suite/complaints_gate.mjs'
import { batchTests } from './suite/batch.mjs'
import { carefulKeyTests } from './suite/careful_keys.mjs'
import { claimsTests } from './suite/claims.mjs'
import { decodeClaimsTests } from './suite/decode_claims.mjs'
import { decodePureTests } from './suite/decode_pure.mjs'
import { gateTests } from './suite/gate.mjs'
import { gateCredentialTests } from './suite/gate_credentials.mjs'
import { gateCorsTests } from './suite/gate_cors.mjs'
import { gateResourceTests } from './suite/gate_resource.mjs'
import { gateRuleTests } from './suite/gate_rules.mjs'
import { harness, ok } from './suite/harness.mjs'
import { hostCryptoTests } from './suite/host_crypto.mjs'
import { interleavingTests } from './suite/interleaving.mjs'
import { joseDifferenceTests } from './suite/jose_differences.mjs'
import { joseExampleTests } from './suite/jose_examples.mjs'
import { joseSharedTests } from './suite/jose_shared.mjs'
import { mint } from './suite/mint.mjs'
import { remoteFaultTests } from './suite/remote_faults.mjs'
import { remoteKeySetTests } from './suite/remote_key_set.mjs'
import { repairTests } from './suite/repairs.mjs'
import { tokenCacheTests } from './suite/token_cache.mjs'
import { verifierTests } from './suite/verifier.mjs'

export async function runSuite({ jotgate, facade, decoder, jose }, more = () => {}) {
  const { test, run } = harness()
  const minted = await mint(jose)
  const context = { jotgate, facade, decoder, jose, test, world: () => minted }
  test('ready may be called at any time, and changes nothing', async () => {
    const set = new jotgate.KeySet(minted.jwks)
    ok((await Promise.all([jotgate.ready(), jotgate.ready()])).every((value) => value === undefined))
    ok(set.size === minted.jwks.keys.length)
    ok((await facade.createLocalJWKSet(minted.jwks)({ alg: 'ES256', kid: 'key-ES256' })).kid === 'key-ES256')
  })
  test('both entries share one core and one family of errors', () => {
    ok(facade.errors.JOSEError === jotgate.JOSEError)
    ok(facade.decodeJwt === jotgate.decodeJwt)
  })
  verifierTests(context)
  gateTests(context)
  gateCredentialTests(context)
  gateRuleTests(context)
  gateResourceTests(context)
  gateCorsTests(context)
  gateComplaintTests(context)
  remoteKeySetTests(context)
  remoteFaultTests(context)
  joseSharedTests(context)
  joseDifferenceTests(context)
  joseExampleTests(context)
  interleavingTests(context)
  hostCryptoTests(context)
  batchTests(context)
  claimsTests(context)
  tokenCacheTests(context)
  repairTests(context)
  badInputTests(context)
  decodePureTests(context)
  decodeClaimsTests(context)
  carefulKeyTests(context)
  more(context)
  return run()
}
