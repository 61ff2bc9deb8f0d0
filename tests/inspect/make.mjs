/**
 * Writes the inputs of the cases in `tests/inspect/cases`, with fresh keys and signatures:
 *
 *     node tests/inspect/make.mjs && JOTGATE_WRITE_REPORTS=1 cargo test -p jotgate-inspect --test cases
 *
 * Each case has the pasted text, the options, and in `expect` what its report has to contain, written by hand. The second command adds the
 * whole report. The tests run without these commands.
 */
import { createHash, createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { writeFile } from 'node:fs/promises'

const NOW = 1_800_000_000
const ISSUER = 'https://login.example'
const AUDIENCE = 'https://api.example'
const b64 = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const pair = (kid, more = {}) => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { privateKey, publicKey, kid, jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig', ...more } }
}
const current = pair('2026-11')
const old = pair('2026-10')
const holder = pair(undefined)
const holderJwk = holder.publicKey.export({ format: 'jwk' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ed = generateKeyPairSync('ed25519')
const secret = 'a secret of thirty-two bytes, no less'
const secretBytes = Buffer.from('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'hex')

const claims = (more = {}) => ({ iss: ISSUER, sub: 'user-1', aud: AUDIENCE, iat: NOW - 60, exp: NOW + 300, scope: 'items:read items:write', ...more })
const signed = (header, payload, signer) => {
  const input = `${b64(header)}.${typeof payload === 'string' ? b64(payload) : b64(payload)}`
  return `${input}.${signer(Buffer.from(input)).toString('base64url')}`
}
const es = (key, format = 'ieee-p1363') => (input) => sign('sha256', input, { key: key.privateKey, dsaEncoding: format })
const hs = (key) => (input) => createHmac('sha256', key).update(input).digest()
const rs = (input) => sign('sha256', input, rsa.privateKey)
const eddsa = (input) => sign(null, input, ed.privateKey)
const token = (more, header = {}, key = current) => signed({ alg: 'ES256', typ: 'at+jwt', kid: key.kid, ...header }, claims(more), es(key))
const thumbprint = ({ crv, kty, x, y }) => createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url')

const jwks = { keys: [current.jwk] }
const keys = [{ text: JSON.stringify(jwks) }]
const policy = { issuer: ISSUER, audience: AUDIENCE }
const good = token()
const bound = token({ cnf: { jkt: thumbprint(holderJwk) } })
const proof = (more = {}, header = {}) =>
  signed(
    { typ: 'dpop+jwt', alg: 'ES256', jwk: holderJwk, ...header },
    { jti: 'proof-1', htm: 'GET', htu: 'https://api.example/items', iat: NOW, ath: createHash('sha256').update(bound).digest('base64url'), ...more },
    es(holder),
  )
const jwe = `${b64({ alg: 'RSA-OAEP', enc: 'A256GCM' })}.${b64('key')}.${b64('iv')}.${b64('text')}.${b64('tag')}`
const holds = { status: 'holds' }
const unknown = { status: 'unknown' }
const fails = (code) => ({ status: 'fails', ...(code && { code }) })
const accepted = { accepted: true, verdicts: { format: holds, signature: holds, claims: holds, keyOrigin: holds } }
const options = { keys, policy }
const refused = (code, cause) => ({ accepted: false, refusal: { code }, ...(cause && { cause: { code: cause } }) })
const metadata = (more = {}) => JSON.stringify({ issuer: ISSUER, authorization_endpoint: `${ISSUER}/authorize`, token_endpoint: `${ISSUER}/token`, jwks_uri: `${ISSUER}/jwks`, response_types_supported: ['code'], code_challenge_methods_supported: ['S256'], ...more })

/** Each case: name, pasted text, options, and what the report has to contain. */
const FILES = {
  frames: [
    ['nothing', '', {}, { input: { kind: 'empty' } }],
    ['only spaces', ' \n\t', {}, { input: { kind: 'empty' } }],
    ['a token', good, options, { ...accepted, input: { kind: 'token', cleaned: [] } }],
    ['Bearer and a token', `Bearer ${good}`, options, { ...accepted, input: { kind: 'authorization', cleaned: ['scheme'] } }],
    ['an Authorization header', `Authorization: Bearer ${good}`, options, { ...accepted, input: { kind: 'authorization', found: [{ where: 'Authorization', start: 22 }] } }],
    ['quotes and a comma', `  "${good}",`, options, { ...accepted, input: { kind: 'token', cleaned: ['whitespace', 'quotes'] } }],
    ['line breaks inside', good.replace(/.{60}/g, '$&\n'), options, { ...accepted, input: { cleaned: ['line_breaks'] } }],
    ['an invisible character', `${good.slice(0, 20)}\u200b${good.slice(20)}`, options, { ...accepted, input: { cleaned: ['invisible_characters'] } }],
    ['percent-encoding', good.replaceAll('.', '%2E'), options, { ...accepted, input: { cleaned: ['percent_encoding'] } }],
    ['a curl command', `curl -X POST https://api.example/items \\\n  -H 'Accept: application/json' \\\n  -H "Authorization: Bearer ${good}" -d '{}'`, options, { ...accepted, input: { kind: 'curl', request: { method: 'POST', url: 'https://api.example/items' } } }],
    ['curl with ANSI quotes', `curl 'https://api.example/' -H $'Authorization: Bearer ${good}' --compressed`, options, { ...accepted, input: { kind: 'curl', request: { method: 'GET' } } }],
    ['curl -v', `* Connected\n> GET /items HTTP/2\n> Host: api.example\n> authorization: Bearer ${good}\n> \n< HTTP/2 401 \n< www-authenticate: Bearer error="invalid_token", error_description="expired"\n< `, options, { ...accepted, input: { kind: 'http', request: { method: 'GET', url: 'https://api.example/items', status: 401 } }, challenges: [{ scheme: 'Bearer', members: [{ name: 'error', value: 'invalid_token' }, {}] }] }],
    ['a raw request', `GET /items HTTP/1.1\r\nHost: api.example\r\nAuthorization: Bearer ${good}\r\n\r\n`, options, { ...accepted, input: { kind: 'http' } }],
    ['a cookie header', `Cookie: theme=dark; session=${good}; other=1`, options, { ...accepted, input: { kind: 'cookie', found: [{ where: 'Cookie session' }] } }],
    ['a cookie without its name', `theme=dark; session=${good}`, options, { ...accepted, input: { kind: 'cookie' } }],
    ['a token response', JSON.stringify({ access_token: good, token_type: 'Bearer', expires_in: 300, refresh_token: 'opaque-refresh-token' }), options, { ...accepted, input: { kind: 'token_response', found: [{ where: 'access_token' }] }, documents: [{ kind: 'token_response', problems: [] }], notes: [{ code: 'refresh_token' }] }],
    ['a URL with a fragment', `https://app.example/cb#access_token=${good}&token_type=Bearer&state=x`, options, { ...accepted, input: { kind: 'url', found: [{ where: 'access_token' }] }, notes: [{ code: 'sent_in_url' }] }],
    ['a URL with a code', 'https://app.example/cb?code=abc123&state=xyz', {}, { input: { kind: 'url', found: [{ kind: 'code', where: 'code' }] }, notes: [{ code: 'authorization_code' }] }],
    ['a token in a log line', `2026-11-29 request failed token=${good} status=401`, options, { ...accepted, input: { kind: 'token' } }],
    ['two tokens among words', `first ${good} second ${bound}`, options, { ...accepted, input: { found: [{}, {}] } }],
    ['an opaque token with a dot', 'Bearer ya29.a0AfH6SMBxT3oF5cRl-Q', {}, { input: { kind: 'authorization' }, cause: { code: 'opaque' } }],
    ['an opaque token', 'gho_16C7e42F292c6912E7710c838347Ae178B4a', {}, { input: { kind: 'opaque_token' }, cause: { code: 'opaque' } }],
    ['ordinary words', 'why does my request fail', {}, { input: { kind: 'unknown', found: [] } }],
  ],
  format: [
    ['two parts', good.split('.').slice(0, 2).join('.'), options, { ...refused('token_parts', 'signature_missing'), verdicts: { format: fails('token_parts') } }],
    ['an encrypted token', jwe, options, { input: { kind: 'encrypted_token' }, cause: { code: 'encrypted' }, token: { header: [{ name: 'alg' }, { name: 'enc' }], parts: [{}, { name: 'encrypted_key' }, {}, {}, {}] } }],
    ['padding', signed({ alg: 'ES256' }, claims(), es(current)).replace('.', '==.'), options, { ...refused('header_base64url', 'padding'), token: { firstBad: { part: 'header', character: '=' } } }],
    ['base64 in place of base64url', `${b64({ alg: 'ES256' })}.${Buffer.from('{"a":"???>>>"}').toString('base64').replace('=', '')}.AAAA`, options, { ...refused('payload_base64url', 'standard_base64'), token: { firstBad: { part: 'payload' } } }],
    ['a token that was shortened', `${good.slice(0, 80)}…`, options, { ...refused('token_parts', 'cut_off') }],
    ['a payload that was cut off', `${b64({ alg: 'ES256' })}.${b64('{"iss":"a","sub"')}.AAAA`, options, { cause: { code: 'cut_off' }, verdicts: { format: fails('claims_malformed') }, token: { firstBad: { part: 'payload', decodedAt: 16 } } }],
    ['a header that is no JSON', `${b64('hello world')}.${b64({})}.AAAA`, options, { ...refused('header_malformed'), token: { firstBad: { part: 'header', decodedAt: 0 } } }],
    ['alg none', `${b64({ alg: 'none' })}.${b64(claims())}.`, options, { ...refused('algorithm_none'), verdicts: { format: holds, signature: fails('algorithm_none'), claims: holds } }],
    ['a duplicate name', signed({ alg: 'ES256', kid: current.kid }, '{"exp":1900000000,"exp":1800000900}', es(current)), { keys }, { ...refused('claims_duplicate_member'), token: { claims: [{ name: 'exp', duplicate: true }, { name: 'exp', duplicate: true }] }, notes: [{ code: 'duplicate_names' }] }],
    ['two tokens in a row', good + bound, options, { ...refused('token_parts', 'joined'), token: { firstBad: { character: '.' } } }],
    ['a number that is too large', signed({ alg: 'ES256', kid: current.kid }, `{"exp":${NOW + 9},"n":1e400}`, es(current)), { keys }, { ...refused('claims_malformed'), token: { firstBad: { part: 'payload', decodedAt: 22 } } }],
    ['half of a surrogate pair', signed({ alg: 'ES256', kid: current.kid }, `{"exp":${NOW + 9},"n":"\\ud83d"}`, es(current)), { keys }, { ...refused('claims_malformed'), token: { firstBad: { part: 'payload', decodedAt: 23 } } }],
    ['crit', token({}, { crit: ['x'], x: 1 }), options, { ...refused('crit_not_understood'), verdicts: { format: fails('crit_not_understood') } }],
  ],
  signatures: [
    ['no key', good, { policy }, { accepted: false, verdicts: { format: holds, signature: unknown, claims: holds, keyOrigin: unknown } }],
    ['no key, and expired', token({ exp: NOW - 5000 }), { policy }, { ...refused('expired'), verdicts: { signature: unknown, claims: fails('expired') } }],
    ['one letter changed', good.replace(/\.(.{30})./, (_, start) => `.${start}${good.at(-1) === 'A' ? 'B' : 'A'}`), { keys, policy: {} }, { accepted: false, verdicts: { keyOrigin: unknown } }],
    ['changed after signing', (() => { const [h, , s] = good.split('.'); return `${h}.${b64(claims({ sub: 'admin' }))}.${s}` })(), options, { ...refused('signature_mismatch', 'signature_changed'), verdicts: { format: holds, signature: fails('signature_mismatch'), claims: holds, keyOrigin: unknown } }],
    ['signed by an earlier key', token({}, {}, old), { policy, keys: [...keys, { text: JSON.stringify({ keys: [old.jwk] }), from: 'earlier' }] }, refused('no_matching_key', 'kid_in_earlier_set')],
    ['signed by an earlier key under another name', token({}, { kid: 'renamed' }, old), { policy, keys: [...keys, { text: JSON.stringify(old.jwk), from: 'earlier' }] }, refused('no_matching_key', 'key_in_earlier_set')],
    ['a token for Microsoft Graph', signed({ alg: 'ES256', typ: 'JWT', nonce: 'n' }, claims(), es(old)), { policy, keys: [{ text: JSON.stringify({ ...current.jwk, kid: undefined }) }] }, refused('signature_mismatch', 'nonce_header')],
    ['another kid', token({}, { kid: 'wrong' }), options, { ...refused('no_matching_key'), cause: { code: 'kid_differs', found: 'wrong', expected: '2026-11' } }],
    ['a signature in DER', signed({ alg: 'ES256', kid: current.kid }, claims(), es(current, 'der')), options, refused('signature_mismatch', 'signature_der')],
    ['the key is in the token', signed({ alg: 'ES256', jwk: holderJwk }, claims(), es(holder)), { policy }, { accepted: false, verdicts: { signature: unknown, keyOrigin: { status: 'fails', why: 'The signature matches a key that the token itself carries: this proves nothing.' } }, keys: [{ from: 'token', matches: true }] }],
    ['the key is in the token, the issuer has another', signed({ alg: 'ES256', jwk: holderJwk }, claims(), es(holder)), options, { ...refused('signature_mismatch', 'key_in_token'), verdicts: { signature: fails('signature_mismatch'), keyOrigin: fails() } }],
    ["the key's alg differs", signed({ alg: 'ES256', kid: 'k' }, claims(), es(current)), { policy, keys: [{ text: JSON.stringify({ ...current.jwk, kid: 'k', alg: 'ES384' }) }] }, { ...refused('key_algorithm_mismatch'), cause: { code: 'key_algorithm', found: 'ES256', expected: 'ES384' } }],
    ['a secret', signed({ alg: 'HS256' }, claims(), hs(secret)), { policy, keys: [{ text: secret }] }, { ...accepted, keys: [{ form: 'secret', secretAs: 'utf8', matches: true }] }],
    ['a secret in base64', signed({ alg: 'HS256' }, claims(), hs(secretBytes)), { policy, keys: [{ text: secretBytes.toString('base64') }] }, { ...accepted, cause: { code: 'secret_is_base64' }, keys: [{ secretAs: 'base64' }] }],
    ['a secret in base64url', signed({ alg: 'HS256' }, claims(), hs(Buffer.alloc(33, 0xfb))), { policy, keys: [{ text: Buffer.alloc(33, 0xfb).toString('base64url') }] }, { ...accepted, cause: { code: 'secret_is_base64url' } }],
    ['a secret with a line break', signed({ alg: 'HS256' }, claims(), hs(`${secret}\n`)), { policy, keys: [{ text: secret }] }, refused('signature_mismatch', 'secret_line_break')],
    ['the text of k was the secret', signed({ alg: 'HS256' }, claims(), hs(secretBytes.toString('base64url'))), { policy, keys: [{ text: JSON.stringify({ kty: 'oct', k: secretBytes.toString('base64url') }) }] }, refused('signature_mismatch', 'secret_is_text')],
    ['a short secret', signed({ alg: 'HS256' }, claims(), hs('short')), { policy, keys: [{ text: 'short' }] }, refused('key_secret_too_short', 'secret_too_short')],
    ['PEM', signed({ alg: 'RS256' }, claims(), rs), { policy, keys: [{ text: rsa.publicKey.export({ format: 'pem', type: 'spki' }) }] }, { ...accepted, keys: [{ form: 'pem', kty: 'RSA', bits: 2048 }] }],
    ['base64 of a key', signed({ alg: 'EdDSA' }, claims(), eddsa), { policy, keys: [{ text: ed.publicKey.export({ format: 'der', type: 'spki' }).toString('base64') }] }, { ...accepted, keys: [{ form: 'base64', kty: 'OKP' }] }],
    ['a web page instead of a key', good, { policy, keys: [{ text: '<!doctype html><title>404</title>' }] }, refused('key_type_mismatch', 'not_a_public_key')],
    ['a private key', signed({ alg: 'RS256' }, claims(), rs), { policy, keys: [{ text: generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }) }] }, { accepted: false, keys: [{ usable: false, code: 'key_kind_unsupported' }], cause: { code: 'private_key' }, notes: [{ code: 'private_key_pasted' }] }],
    ['a fetched set that the metadata names', good, { policy, metadata: metadata(), keys: [{ text: JSON.stringify(jwks), from: 'fetched', url: `${ISSUER}/jwks` }] }, accepted],
    ['a fetched set from the token’s own address', token({}, { jku: 'https://evil.example/jwks' }), { policy, keys: [{ text: JSON.stringify(jwks), from: 'fetched', url: 'https://evil.example/jwks' }] }, { verdicts: { signature: holds, keyOrigin: fails() }, notes: [{ code: 'key_url_in_token' }] }],
    ['keys from another address than the metadata names', good, { policy, metadata: metadata(), keys: [{ text: JSON.stringify(jwks), from: 'fetched', url: 'https://cdn.example/jwks' }] }, { accepted: true, cause: { code: 'metadata_keys_url' }, verdicts: { keyOrigin: fails() } }],
    ['metadata of another issuer', good, { policy, metadata: metadata({ issuer: 'https://other.example' }), keys: [{ text: JSON.stringify(jwks), from: 'fetched', url: `${ISSUER}/jwks` }] }, { accepted: true, cause: { code: 'metadata_issuer', found: ISSUER, expected: 'https://other.example' }, verdicts: { keyOrigin: fails() } }],
  ],
  claims: [
    ['expired', token({ exp: NOW - 3600 }), options, { ...refused('expired'), verdicts: { signature: holds, claims: fails('expired') }, rules: [{ rule: 'requiredClaims' }, { rule: 'issuer', status: 'holds' }, { rule: 'audience', status: 'holds' }, { rule: 'nbf' }, { rule: 'exp', status: 'fails' }] }],
    ['a clock that is 42 seconds behind', token({ nbf: NOW + 42 }), options, { ...refused('not_yet_valid'), cause: { code: 'clock_behind', why: "The verifier's clock is 42 seconds behind the issuer's." } }],
    ['expired just now', token({ exp: NOW - 5 }), options, refused('expired', 'clock_ahead')],
    ['an end in milliseconds', token({ exp: (NOW + 300) * 1000 }), options, { accepted: true, notes: [{ code: 'exp_in_milliseconds' }] }],
    ['milliseconds', token({ nbf: (NOW - 60) * 1000, exp: (NOW + 300) * 1000 }), options, { ...refused('not_yet_valid', 'milliseconds'), token: { claims: [{}, {}, {}, {}, { name: 'exp', time: { milliseconds: true } }, {}, { name: 'nbf' }] } }],
    ['a duration for a time', token({ exp: 3600 }), options, refused('expired', 'duration')],
    ['a trailing slash in aud', token({ aud: `${AUDIENCE}/` }), options, { ...refused('audience_mismatch', 'audience_trailing_slash') }],
    ['case in aud', token({ aud: 'https://API.example' }), options, refused('audience_mismatch', 'audience_case')],
    ['aud is the client', token({ aud: 'client-1', azp: 'client-1' }), options, refused('audience_mismatch', 'audience_is_client_id')],
    ['an ID token', token({ aud: 'client-1', nonce: 'n', at_hash: 'h' }, { typ: 'JWT' }), options, { ...refused('audience_mismatch', 'id_token'), token: { type: 'id_token' } }],
    ['an ID token of jotgate-keys, which has an algorithm of its own', signed({ alg: 'RS256', typ: 'JWT', kid: 'rsa' }, { iss: ISSUER, sub: 'u_1', aud: 'app', exp: NOW + 300, iat: NOW - 60, auth_time: NOW - 90, acr: 'urn:jotgate:acr:password', amr: ['pwd'], sid: 's' }, rs), { keys: [{ text: JSON.stringify({ keys: [current.jwk, { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'rsa', alg: 'RS256', use: 'sig' }] }) }], policy: { ...policy, algorithms: ['ES256'] } }, { ...refused('algorithm_not_allowed', 'id_token'), token: { type: 'id_token' } }],
    ['a refresh token of Keycloak', token({ iss: `${ISSUER}/realms/a`, typ: 'Refresh', aud: `${ISSUER}/realms/a` }, { typ: 'JWT' }), { keys, policy: { audience: AUDIENCE } }, { ...refused('audience_mismatch', 'refresh_token'), token: { provider: 'Keycloak' } }],
    ['a trailing slash in iss', token({ iss: `${ISSUER}/` }), options, { ...refused('issuer_mismatch', 'issuer_trailing_slash') }],
    ['case in iss', token({ iss: 'https://LOGIN.example' }), options, { ...refused('issuer_mismatch', 'issuer_case') }],
    ['http for https in iss', token({ iss: 'http://login.example' }), options, refused('issuer_mismatch', 'issuer_scheme')],
    ['no aud, as Cognito writes it', token({ aud: undefined, iss: 'https://cognito-idp.eu-central-1.amazonaws.com/pool', client_id: 'c', token_use: 'access' }), { keys, policy: { audience: AUDIENCE } }, { ...refused('claim_missing', 'audience_missing'), token: { provider: 'Amazon Cognito' } }],
    ['too few scopes', token({ scope: 'items:read' }), { ...options, needs: { scopes: ['items:write'] } }, { ...refused('insufficient_scope'), refusal: { scope: 'items:write' } }],
    ['a scope with an asterisk', token({ scope: 'items:*' }), { ...options, needs: { scopes: ['items:write'] } }, refused('insufficient_scope', 'scope_wildcard')],
    ['not valid yet, expired, too old and without the scope', token({ nbf: NOW + 5000, exp: NOW - 10, iat: NOW - 9000, scope: 'a' }), { keys, policy: { ...policy, maxTokenAge: 600 }, needs: { scopes: ['items:write'] } }, { ...refused('not_yet_valid'), rules: [{ rule: 'requiredClaims', status: 'holds' }, { rule: 'issuer', status: 'holds' }, { rule: 'audience', status: 'holds' }, { rule: 'nbf', status: 'fails' }, { rule: 'exp', ...fails('expired') }, { rule: 'maxTokenAge', ...fails('too_old') }, { rule: 'scopes', ...fails('insufficient_scope') }] }],
    ['the scope is among the permissions', token({ scope: 'openid', permissions: ['items:write'] }), { ...options, needs: { scopes: ['items:write'] } }, refused('insufficient_scope', 'scope_in_other_claim')],
    ['an integer above 2^53 and an order', signed({ alg: 'ES256', kid: current.kid }, `{"exp":${NOW + 9},"z":12345678901234567890,"a":1.50}`, es(current)), { keys }, { accepted: true, token: { claims: [{ name: 'exp' }, { name: 'z', rawJson: '12345678901234567890' }, { name: 'a', rawJson: '1.50' }] } }],
    ['a large token', token({ groups: Array.from({ length: 400 }, (_, index) => `group-${index}-of-many`) }), options, { accepted: true, notes: [{ code: 'large_header' }] }],
    ['Entra', token({ iss: 'https://login.microsoftonline.com/t/v2.0', tid: 't', scp: 'a b', ver: '2.0' }), { keys }, { token: { provider: 'Microsoft Entra' } }],
    ['GitHub Actions', token({ iss: 'https://token.actions.githubusercontent.com', repository: 'a/b', ref: 'refs/heads/main' }), { keys }, { token: { provider: 'GitHub Actions' } }],
    ['Kubernetes', token({ iss: 'https://kubernetes.default.svc', 'kubernetes.io': { namespace: 'n', serviceaccount: { name: 's' } } }), { keys }, { token: { provider: 'Kubernetes' } }],
  ],
  documents: [
    ['a JWKS', JSON.stringify({ keys: [current.jwk, { kty: 'oct', k: 'AAAA' }, { ...old.jwk, ...old.privateKey.export({ format: 'jwk' }) }] }), {}, { input: { kind: 'jwks' }, keys: [{ from: 'pasted', usable: true }, { usable: false, code: 'jwk_symmetric_in_set' }, { privateMembers: ['d'] }] }],
    ['a JWK', JSON.stringify(current.jwk), {}, { input: { kind: 'jwk' }, keys: [{ kid: '2026-11', algorithms: ['ES256'], thumbprint: thumbprint(current.jwk) }] }],
    ['a PEM key', ed.publicKey.export({ format: 'pem', type: 'spki' }), {}, { input: { kind: 'pem' }, keys: [{ form: 'pem', kty: 'OKP' }] }],
    ['metadata of an issuer', metadata(), {}, { input: { kind: 'issuer_metadata' }, documents: [{ issuer: ISSUER, jwksUri: `${ISSUER}/jwks`, problems: [] }] }],
    ['metadata without S256', metadata({ code_challenge_methods_supported: undefined }), {}, { documents: [{ problems: ['`code_challenge_methods_supported` does not contain `S256`: MCP clients stop here.'] }] }],
    ['metadata of a resource', JSON.stringify({ resource: AUDIENCE, authorization_servers: [ISSUER] }), {}, { input: { kind: 'resource_metadata' }, documents: [{ authorizationServers: [ISSUER], problems: [] }] }],
    ['metadata of a resource without issuers', JSON.stringify({ resource: 'http://api.example' }), {}, { documents: [{ problems: ['`authorization_servers` is missing.', '`resource` has to be an https URL.'] }] }],
    ['a challenge', 'WWW-Authenticate: Bearer realm="api", resource_metadata="https://api.example/.well-known/oauth-protected-resource", scope="items:read"', {}, { input: { kind: 'challenge' }, challenges: [{ scheme: 'Bearer', members: [{ name: 'realm' }, { name: 'resource_metadata' }, { name: 'scope', value: 'items:read' }], problems: [] }] }],
    ['two challenges without their header’s name', 'Bearer error="insufficient_scope", DPoP algs="ES256"', {}, { input: { kind: 'challenge' }, challenges: [{ scheme: 'Bearer', problems: ['The challenge names no `scope`: a client cannot know what to request.'] }, { scheme: 'DPoP', problems: [] }] }],
    ['an answer of introspection', JSON.stringify({ active: true, scope: 'items:read', client_id: 'web-shop', sub: 'user-1', exp: NOW + 60 }), {}, { input: { kind: 'introspection' }, documents: [{ kind: 'introspection', problems: [] }] }],
    ['an error of the token endpoint', JSON.stringify({ error: 'invalid_grant', error_description: 'the code has expired' }), {}, { input: { kind: 'error_response' }, documents: [{ kind: 'error_response', problems: [] }] }],
    ['broken JSON', '{"a": 1,}', {}, { input: { kind: 'json' }, documents: [{ problems: ['The document is not valid JSON: the fault is at byte 8.'] }] }],
  ],
  dpop: [
    ['a request with its proof', `GET https://api.example/items HTTP/1.1\nAuthorization: DPoP ${bound}\nDPoP: ${proof()}`, options, { ...accepted, dpop: { status: 'holds' } }],
    ['a proof for another method and URL', `curl -X POST https://api.example/other -H 'Authorization: DPoP ${bound}' -H 'DPoP: ${proof()}'`, options, { ...accepted, dpop: { status: 'fails', checks: [{}, {}, {}, {}, {}, { name: 'htm', status: 'fails' }, { name: 'htu', status: 'fails' }, {}, {}, {}] } }],
    ['an old proof for another token', `GET https://api.example/items HTTP/1.1\nAuthorization: DPoP ${good}\nDPoP: ${proof({ iat: NOW - 900 })}`, options, { dpop: { status: 'fails', checks: [{}, {}, {}, {}, {}, {}, {}, { name: 'iat', status: 'fails' }, { name: 'ath', status: 'fails' }, { name: 'jkt', status: 'fails' }] } }],
    ['a proof alone', proof(), options, { input: { kind: 'dpop_proof' }, cause: { code: 'dpop_proof' }, dpop: { status: 'unknown' }, token: { type: 'dpop_proof' } }],
    ['a proof with the request given', proof(), { ...options, request: { method: 'GET', url: 'https://api.example/items?x=1', token: bound } }, { dpop: { status: 'holds' } }],
  ],
}

let count = 0
for (const [file, cases] of Object.entries(FILES)) {
  count += cases.length
  const written = cases.map(([name, input, given, expect]) => ({ name, input, options: { now: NOW, ...given }, expect }))
  await writeFile(new URL(`cases/${file}.json`, import.meta.url), `${JSON.stringify({ cases: written }, null, 1)}\n`)
}
console.log(`${count} cases`)
