/**
 * The refusal codes that the package adds to those of the core. Each has one sentence with the reason and one sentence with the remedy.
 * `docs/refusals.md` is generated from this table and from the core's.
 */

/** Each code with its reason and its remedy. */
export const PACKAGE_CODES = {
  // The request
  credentials_absent: ['The request has no token.', 'Send the token in the header `Authorization`, as `Bearer` and the token.'],
  credentials_missing: ['The header, cookie or parameter for the token is there, but it contains no token.', 'Check that the client has a token before it sends the request.'],
  credentials_malformed: ['The credentials are not a single token.', 'Send `Bearer`, one space and the token, and nothing else.'],
  credentials_repeated: ['The token is in the request more than once.', 'Send it once and in one way only.'],
  cross_site_request: ['Another site sent the request with the cookie of the user.', 'Send the request from your own site, or use the header `Authorization`.'],
  method_missing: ['The token is in a cookie, but the gate does not know the method of the request.', 'Pass the whole request, or `{ headers, method }`.'],
  token_not_text: ['The value that was given as a token is not a string.', 'Pass the token as a string.'],
  scheme_not_supported: ['The request uses the scheme `DPoP`, which the gate does not accept.', 'Give the gate `proof: dpop()`, or send the token as `Bearer`.'],
  header_missing: ['The text has no header that can be decoded.', 'Pass a token of three parts.'],
  cors_preflight: ['A page of another origin asks whether it may send its request.', 'Send the response of `denied.response()`. It is complete.'],
  // Proof of possession
  token_not_bound: ['The token is not bound to a key, but the scheme `DPoP` or the gate requires it.', 'Get a token with a DPoP proof or a client certificate.'],
  dpop_scheme_required: ['The token is bound to a key, but was sent as a bearer token.', 'Send `Authorization: DPoP`, the token, and a proof in the header `DPoP`.'],
  dpop_proof_missing: ['The request has no DPoP proof.', 'Send a proof in the header `DPoP`.'],
  dpop_proof_repeated: ['The request has more than one DPoP proof.', 'Send exactly one header `DPoP`.'],
  dpop_proof_malformed: ['The DPoP proof is not a compact JWT, or is longer than 8,192 bytes.', 'Let a library make the proof.'],
  dpop_proof_type: ['The `typ` of the DPoP proof is not `dpop+jwt`.', 'Let a library make the proof.'],
  dpop_proof_algorithm: ['The `alg` of the DPoP proof is not accepted.', 'Use one of the algorithms in `algs` of the challenge.'],
  dpop_proof_key: ['The `jwk` of the DPoP proof is missing, or does not fit its `alg`.', 'Put the public key into the header of the proof.'],
  dpop_proof_private_key: ['The `jwk` of the DPoP proof has private members.', 'Send the public key only, and replace the key: it is no longer secret.'],
  dpop_proof_signature: ['The signature of the DPoP proof does not match its `jwk`.', 'Sign the proof with the private key of `jwk`.'],
  dpop_proof_method: ['The `htm` of the DPoP proof is not the method of the request.', 'Make a new proof for each request.'],
  dpop_proof_url: ['The `htu` of the DPoP proof is not the URL of the request.', 'Check `publicOrigin` or `resource` of the gate, or the URL that the client signs.'],
  dpop_proof_time: ['The `iat` of the DPoP proof is too old, or in the future.', "Make a new proof for each request, and check the client's clock."],
  dpop_proof_token: ['The `ath` of the DPoP proof is not the hash of the token.', 'Make the proof for the token that is sent.'],
  dpop_key_mismatch: ['The token is bound to another key than the one of the DPoP proof.', 'Sign proofs with the key that was used to get the token.'],
  dpop_nonce_missing: ['The DPoP proof has no nonce, and the gate requires one.', 'Repeat the request with the nonce of the header `DPoP-Nonce`.'],
  dpop_nonce_invalid: ['The nonce of the DPoP proof is too old, or not from this API.', 'Repeat the request with the nonce of the header `DPoP-Nonce`.'],
  dpop_proof_id: ['The `jti` of the DPoP proof is missing, or longer than 128 characters.', 'Let a library make the proof.'],
  dpop_proof_replayed: ['The DPoP proof was used before.', 'Make a new proof for each request.'],
  dpop_proofs_exhausted: ['The store is full of proofs of this key.', 'Send fewer requests, or give the gate a larger store.'],
  dpop_store_failed: ['The store of used proofs failed, or is full.', 'Read the cause in your log, and check the store.'],
  mtls_certificate_missing: ['The token is bound to a certificate, but the connection has no verified client certificate.', 'Connect with the client certificate, directly to the server that has the gate.'],
  mtls_certificate_mismatch: ['The token is bound to another certificate than the one of the connection.', 'Connect with the certificate that was used to get the token.'],
  // Introspection
  token_inactive: ['The introspection endpoint reports that the token is not active: it has expired, was revoked, or is unknown.', 'Get a new token.'],
  not_access_token: ['The token is active, but it is a refresh token or another kind of token.', 'Send the access token.'],
  introspection_busy: ['The number of pending calls of the introspection endpoint has reached `maxCalls`.', 'Try again in a second, or raise `maxCalls`.'],
  introspection_malformed: ['The answer of the introspection endpoint is not a JSON object with `active` as true or false.', 'Check the option `endpoint`.'],
  introspection_not_utf8: ['The answer of the introspection endpoint is not UTF-8 text.', 'Fix the issuer.'],
  introspection_redirected: ['The introspection endpoint answers with a redirect.', 'Configure the address that it points to.'],
  introspection_signature: ['The signed answer of the introspection endpoint is not accepted.', 'Read the cause in your log: the issuer, `clientId`, the keys or the algorithm differ.'],
  introspection_status: ['The introspection endpoint answers with an HTTP error.', 'Check how the API authenticates there, and whether the issuer is down.'],
  introspection_timeout: ['The introspection endpoint did not answer in time.', 'Check the network, or raise `timeoutDuration`.'],
  introspection_too_large: ['The answer of the introspection endpoint is too large.', 'Check the option `endpoint`.'],
  introspection_unreachable: ['The introspection endpoint could not be reached.', 'Read the cause in your log: the address, DNS, TLS, the firewall, or your own function.'],
  // The rules of the gate
  client_mismatch: ['The token is valid, but was issued to another client.', 'Get the token with a client that `client` of the gate lists.'],
  tenant_mismatch: ["The token is valid, but `tid` names no accepted tenant.", 'Add the tenant to `tenants`, or log in with another account.'],
  principal_unknown: ['The token is valid, but your code knows no user for it.', 'Create the user, or check what `principal` looks for.'],
  not_authorized: ["The token is valid, but the gate's rule does not allow the request.", 'Check the rule in `authorize`.'],
  login_too_weak: ['The user logged in, but `acr` of the token is missing or not one that the request needs.', 'Log in again with `acr_values` of the challenge.'],
  login_too_old: ['The login of the user is too long ago, or the token has no `auth_time`.', 'Log in again with `max_age` of the challenge.'],
  internal_error: ['Your own code for `principal`, `authorize` or the keys threw an error.', 'Read the cause in your log, and fix that function.'],
  // The keys
  keys_not_ready: ['The keys to verify with are not available.', "Check that this machine reaches the issuer's key set, then try again."],
  embedded_jwk: ["The token's own key cannot be used.", 'Let the client put its public key into the header as `jwk`.'],
  several_matching_keys: ['More than one key of the set fits the token.', 'Let the issuer write a `kid`, or try each key.'],
  key_set_empty: ['The key set has no key that can be used.', 'Check the set at its address; it may have only keys of other kinds.'],
  key_set_pending: ['The key set is being fetched for the first time.', 'Try again in a second.'],
  key_set_redirected: ['The address of the key set answers with a redirect.', 'Configure the address that it points to.'],
  key_set_stale: ['A cache on the way returned a key set that is too old.', "Lower the cache's time for this address."],
  key_set_status: ['The address of the key set answers with an HTTP error.', 'Check the address, and whether the issuer is down.'],
  key_set_timeout: ['The key set did not arrive in time.', 'Check the network, or raise `timeoutDuration`.'],
  key_set_unreachable: ['The key set could not be fetched.', 'Check the address, DNS, TLS and the firewall.'],
  // The issuer's metadata
  discovery_introspection_endpoint: ['The metadata names no introspection endpoint, or none with an https: address.', 'Configure `endpoint` yourself, or fix the issuer.'],
  discovery_issuer_mismatch: ["The metadata names another issuer than the option `issuer`.", 'Write `issuer` exactly as the metadata does, with or without its trailing slash.'],
  discovery_jwks_uri: ['The metadata names no key set, or none with an https: address.', "Configure the key set's address yourself, or fix the issuer."],
  discovery_malformed: ['The metadata is not a JSON object.', 'Check that the address is the issuer and not a login page.'],
  discovery_not_utf8: ['The metadata is not UTF-8 text.', 'Fix the issuer.'],
  discovery_redirected: ['The address of the metadata answers with a redirect.', 'Configure the issuer by the address that it points to.'],
  discovery_status: ['The address of the metadata answers with an HTTP error.', 'Check the option `issuer`, and whether the issuer is down.'],
  discovery_timeout: ['The metadata did not arrive in time.', 'Check the network, or raise `timeoutDuration`.'],
  discovery_too_large: ['The metadata is too large.', 'Check that the address is the issuer.'],
  discovery_unreachable: ['The metadata could not be fetched.', 'Check the address, DNS, TLS and the firewall.'],
} as const satisfies Record<string, readonly [why: string, action: string]>

/** A code of the package that the core does not have. */
export type PackageCode = keyof typeof PACKAGE_CODES
