/**
 * The one suite. A runner gives it the package as it loaded it (`jotgate`, `facade` = `jotgate/jose`, `decoder` =
 * `jotgate/decode`, `modular` = `jotgate/verifier`, …), the real jose, and gets back how many tests passed and what failed. Nothing in
 * here knows in which runtime it runs.
 */
import { decodeClaimsTests } from './suite/decode/claims.mjs'
import { decodePureTests } from './suite/decode/standalone.mjs'
import { gateTests } from './suite/gate/answers.mjs'
import { gateBadRequestTests } from './suite/gate/bad_requests.mjs'
import { gateCorsTests } from './suite/gate/cors.mjs'
import { gateCredentialTests } from './suite/gate/credentials.mjs'
import { gateDecisionTests } from './suite/gate/decisions.mjs'
import { optionErrorTests } from './suite/gate/option_errors.mjs'
import { introspectionDiscoveryTests } from './suite/introspection/discovery.mjs'
import { introspectionFaultTests } from './suite/introspection/faults.mjs'
import { introspectionTests } from './suite/introspection/tokens.mjs'
import { introspectionOptionTests } from './suite/introspection/options.mjs'
import { dpopTests } from './suite/proof/dpop.mjs'
import { dpopOptionTests } from './suite/proof/dpop_options.mjs'
import { mtlsTests } from './suite/proof/mtls.mjs'
import { gateOptionalTests } from './suite/gate/optional.mjs'
import { gateResourceTests } from './suite/gate/resource.mjs'
import { gateRightsTests } from './suite/gate/rights.mjs'
import { gateRuleTests } from './suite/gate/rules.mjs'
import { gateStepUpTests } from './suite/gate/step_up.mjs'
import { gateUserComplaintTests } from './suite/gate/user_complaints.mjs'
import { mcpToolTests } from './suite/gate/mcp_tools.mjs'
import { harness, ok } from './suite/harness.mjs'
import { joseDifferenceTests } from './suite/jose/differences.mjs'
import { joseExampleTests } from './suite/jose/examples.mjs'
import { joseSharedTests } from './suite/jose/shared.mjs'
import { carefulKeyTests } from './suite/keys/careless_keys.mjs'
import { changingByteTests } from './suite/keys/changing_bytes.mjs'
import { keyFunctionTests } from './suite/keys/functions.mjs'
import { remoteDiscoveryTests } from './suite/keys/remote_discovery.mjs'
import { remoteFaultTests } from './suite/keys/remote_faults.mjs'
import { remoteFetchTests } from './suite/keys/remote_fetches.mjs'
import { remoteFreshnessTests } from './suite/keys/remote_freshness.mjs'
import { remoteOrderTests } from './suite/keys/remote_order.mjs'
import { mint } from './suite/mint.mjs'
import { providerTests } from './suite/providers/presets.mjs'
import { statusFaultTests } from './suite/status/faults.mjs'
import { statusTests } from './suite/status/tokens.mjs'
import { badInputTests } from './suite/verifier/bad_input.mjs'
import { batchTests } from './suite/verifier/batch.mjs'
import { claimsTests } from './suite/verifier/claims.mjs'
import { hostCryptoTests } from './suite/verifier/host_crypto.mjs'
import { interleavingTests } from './suite/verifier/interleaving.mjs'
import { issuerTests } from './suite/verifier/issuers.mjs'
import { partTests, throughParts } from './suite/verifier/parts.mjs'
import { tokenCacheTests } from './suite/verifier/token_cache.mjs'
import { verifierTests } from './suite/verifier/verifier.mjs'
import { warmTests } from './suite/verifier/warm.mjs'

/** The suites of verifiers. */
const VERIFIER_TESTS = [
  verifierTests,
  warmTests,
  issuerTests,
  interleavingTests,
  hostCryptoTests,
  batchTests,
  claimsTests,
  tokenCacheTests,
  badInputTests,
]

export async function runSuite({ jotgate, facade, decoder, dpop, introspection, mcp, mtls, providers, status, testing, modular, jose }, more = () => {}) {
  const { test, run } = harness()
  const minted = await mint(jose)
  const context = { jotgate, facade, decoder, dpop, introspection, mcp, mtls, providers, status, testing, modular, jose, test, world: () => minted }
  test('ready may be called at any time, and changes nothing', async () => {
    const set = new jotgate.KeySet(minted.jwks)
    ok((await Promise.all([jotgate.ready(), jotgate.ready()])).every((value) => value === undefined))
    ok(set.size === minted.jwks.keys.length)
    ok((await facade.createLocalJWKSet(minted.jwks)({ alg: 'ES256', kid: 'key-ES256' })).kid === 'key-ES256')
  })
  test('all entries share one core and one family of errors', () => {
    ok(facade.errors.JOSEError === jotgate.JOSEError)
    ok(facade.decodeJwt === jotgate.decodeJwt)
    ok(modular.JOSEError === jotgate.JOSEError && modular.KeySet === jotgate.KeySet)
  })
  verifierTests(context)
  warmTests(context)
  gateTests(context)
  gateCredentialTests(context)
  gateRuleTests(context)
  gateOptionalTests(context)
  gateDecisionTests(context)
  gateRightsTests(context)
  gateStepUpTests(context)
  keyFunctionTests(context)
  gateResourceTests(context)
  gateCorsTests(context)
  mcpToolTests(context)
  gateBadRequestTests(context)
  providerTests(context)
  dpopTests(context)
  dpopOptionTests(context)
  mtlsTests(context)
  introspectionTests(context)
  introspectionDiscoveryTests(context)
  introspectionFaultTests(context)
  introspectionOptionTests(context)
  statusTests(context)
  statusFaultTests(context)
  gateUserComplaintTests(context)
  remoteFetchTests(context)
  remoteOrderTests(context)
  remoteFreshnessTests(context)
  remoteDiscoveryTests(context)
  issuerTests(context)
  remoteFaultTests(context)
  joseSharedTests(context)
  joseDifferenceTests(context)
  joseExampleTests(context)
  interleavingTests(context)
  hostCryptoTests(context)
  batchTests(context)
  claimsTests(context)
  tokenCacheTests(context)
  changingByteTests(context)
  optionErrorTests(context)
  badInputTests(context)
  decodePureTests(context)
  decodeClaimsTests(context)
  carefulKeyTests(context)
  partTests(context)
  more(context)
  return run()
}

/**
 * The suites of verifiers through `jotgate/verifier`, with all parts in use. Both entries have one implementation, so a
 * few runtimes are enough.
 */
export function verifiersInParts(context) {
  const inParts = throughParts(context)
  for (const tests of VERIFIER_TESTS) tests(inParts)
}
