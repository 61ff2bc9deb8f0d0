/**
 * Which row of `docs/jose.md` a difference belongs to. The first pattern that matches counts. A pattern sees one line: the name of the case, what jose
 * does, what jotgate does and why, as in `option: crit 5 | accepted … | TypeError (option)`.
 */
export const ROWS = [
  // Keys
  ['private-jwk', /: \w+ (d |priv |private).* \| /],
  ['jwk-ext', /: \w+ ext .* \| accepted "?[{\w]/],
  ['key-ops-others', /key_ops (\["sign","verify"\]|\["verify","x"\]) \| (host error|TypeError) \| accepted/],
  ['embedded-jwk', /^EmbeddedJWK.*\| (JWSInvalid|JOSENotSupported|TypeError|host error)\b.* \| (JWKInvalid|JWSInvalid|JOSENotSupported|TypeError)/],
  ['embedded-jwk', /^EmbeddedJWK.*\| accepted "public" \| JWSInvalid.*\(embedded_jwk\)/],
  ['embedded-strict', /^EmbeddedJWK: \w+ \w+ (padded|in base64|with .*) \| accepted "public" \| JWKInvalid .*\(jwk_member\)/],
  ['set-member-skipped', /^jwtVerify with a set: .* \| JWKSNoMatchingKey .*\(no_matching_key\)$/],
  ['set-member-skipped', /^(jwtVerify with a set|the first candidate of a set): .*broken.* \| accepted/],
  ['set-member-skipped', /^a set asked for kid: .* \| accepted .* \| JWKSNoMatchingKey/],
  ['set-copy', /^local set: (a cycle|a function among the members) /],
  ['thumbprint-canonical', /^thumbprint: .* \| accepted .* \| accepted/],
  ['thumbprint-of-weak-keys', /^thumbprint: .* \| (accepted .*|JWKInvalid .*) \| (JWKInvalid|JOSENotSupported)/],
  ['arguments-null', /^(importJWK for|digest|digest of a URI): .*(null|5) \| .* \| TypeError$/],
  ['extractable', /^extractable: .* \| TypeError \| accepted/],
  ['import-encryption', /"(ECDH-ES|RSA-OAEP)" \| accepted .* \| JOSENotSupported/],
  ['import-use', /: \w+ (use|key_ops) .*\| accepted .* \| JOSENotSupported .*\(key_does_not_fit\)$/],
  ['secret-length', /\(key_secret_too_short\)$/],
  ['secret-empty', /\(key_secret_empty\)$/],
  ['secret-text', /: oct k (padded|in base64|with .*) \| accepted .* \| JWKInvalid/],
  ['rsa-size', /: RSA .* \| (accepted .*|TypeError|host error|JWS\w+ \w+) \| JWKInvalid .*\(key_rsa_modulus_size\)$/],
  ['rsa-exponent', /\(key_rsa_exponent\)$/],
  ['key-for-another-algorithm', /^(jwtVerify|twice wrong|compactVerify).* \| (TypeError|JWSInvalid \w+) \| JOSEAlgNotAllowed .*\(key_\w+\)$/],
  ['pem-forms', /^import(SPKI|X509): .* \| (TypeError|host error) \| accepted/],
  ['pem-strict', /^import(SPKI|X509): .* \| accepted .* \| JWKInvalid .*\(key_malformed\)$/],
  ['jwk-member-types', /^(importJWK|jwtVerify with a JWK|EmbeddedJWK).* \| (accepted .*|JWSSignatureVerificationFailed \w+) \| JWKInvalid .*\((jwk_member|key_coordinate_length)\)$/],
  ['host-errors', /^(import|jwtVerify with a JWK|EmbeddedJWK).* \| (TypeError|host error|JOSENotSupported \w+) \| (JWKInvalid|JOSENotSupported) /],

  // Remote sets
  ['remote-url', /^remote URL: (ftp|data|file|with a password) \| accepted/],
  ['remote-status', /^remote (answer|reload): .* \| JOSEError \w+ \| JWKSUnavailable .*\((key_set_status|key_set_redirected)\)$/],
  ['remote-unreachable', /^remote (answer|reload): .* \| (TypeError|host error).* \| JWKSUnavailable .*\(key_set_unreachable\)$/],
  ['remote-malformed', /^remote (answer|reload): .* \| JOSEError .* \| JWKSInvalid .*\(jwks_malformed\)$/],
  ['remote-empty', /^remote (answer|reload): .* \| (JWKSNoMatchingKey|accepted) .* \| JWKSInvalid .*\(key_set_empty\)$/],
  ['remote-duplicate', /\| JWKSInvalid .*\(jwks_duplicate_member\)$/],
  ['remote-cache-empty', /^jwksCache: an empty set \| JWKSNoMatchingKey .* \| accepted/],
  ['remote-cache-type', /^jwksCache: a string \| TypeError \| accepted/],
  ['remote-cache-cooldown', /^jwksCache: of (now|the future) \| accepted .* \| accepted/],

  // Options
  ['age-bound', /^option: maxTokenAge many days \| .* \| TypeError/],
  ['options-undefined', /undefined.* \| TypeError \(option\)$/],
  ['options-empty', /(an empty|of an empty string).* \| TypeError \(option\)$/],
  ['algorithms-unknown', /: algorithms .* \| TypeError \(option\)$/],
  ['options-type', /^(option|remote option|customFetch).* \| TypeError \(option\)$/],
  ['options-bag', /^(remote )?options.*: (null|a list|a string|a number) \| /],
  ['typ-list', /^option: typ .* \| TypeError \| JWTClaimValidationFailed/],

  // Tokens
  ['none', /\(algorithm_none\)$/],
  ['ml-dsa', /"ML-DSA-44".* \| (TypeError|host error) \| JOSENotSupported/],
  ['header-type', /\(header_parameter_type\)$/],
  ['b64-compact', /^crit of compactVerify: .*"b64":false.* \| accepted .* \| JWTInvalid .*\(payload_unencoded\)$/],
  ['b64', /\(payload_unencoded\)$/],
  ['decode-header-checked', /^decodeJwt: .* \| accepted .* \| JWTInvalid .*\(header_\w+\)$/],
  ['base64url-padding', /padded signature \| accepted/],
  ['base64url-spaces', /(a space in front|a line break behind) \| .* \| \w+.*\((header|signature)_base64url\)$/],
  ['lone-surrogate', /\\\\ud800/],
  ['time-range', /1e999.* \| accepted/],
  ['required-order', /^option: requiredClaims .* missing .* missing/],
  ['first-failure', /^twice wrong: .*check_failed .* \| JWTClaimValidationFailed \w+ \w+ invalid /],
  ['party-type', /^(aud|iss|sub|not asked for): .*\(claim_type\)$/],
  ['order-of-checks', /^(twice wrong|jwtVerify|compactVerify): .* \| (?!accepted).* \| (?!accepted)/],
]
