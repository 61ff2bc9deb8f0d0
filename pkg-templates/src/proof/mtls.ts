/** `mtls`: proofs of possession by the client's certificate (RFC 8705 §3). */
import { base64url } from '../base/bytes.js'
import { flag, Options } from '../base/options.js'
import { memberOf } from '../base/record.js'
import { type Denial, invalidToken } from '../gate/denial.js'
import type { ProofOfPossession } from '../gate/proof.js'
import type { RequestLike } from '../gate/request.js'
import { proofValue } from './method.js'

/** How a gate checks certificates. */
export interface MtlsOptions {
  /** Whether tokens that are not bound to a certificate are refused. Default: `false`. */
  required?: boolean
}

/**
 * Makes a value for the option `proof` of `createGate`: tokens with `cnf.x5t#S256` then pass over a TLS connection with that
 * certificate. The certificate is read from Node's socket, or from `request.cf` in Cloudflare Workers; never from a header field.
 *
 * @throws `TypeError` that names the option that is unknown or invalid
 */
export function mtls(options: MtlsOptions = {}): ProofOfPossession {
  const given = new Options('mtls', options, ['required'])
  return proofValue({
    member: 'x5t#S256',
    required: given.read('required', flag) ?? false,
    // RFC 9728 §2.
    metadata: { tls_client_certificate_bound_access_tokens: true },
    prepare: () => ({ request }, expected) => {
      const found = fingerprintOf(request)
      if (found === undefined) return MISSING
      return found === expected ? undefined : MISMATCH
    },
  })
}

const MISSING: Denial = /* @__PURE__ */ invalidToken('mtls_certificate_missing', 'the connection has no client certificate')
const MISMATCH: Denial = /* @__PURE__ */ invalidToken('mtls_certificate_mismatch', 'the token is bound to another certificate')

/** The parts of a request that are read. */
interface TlsRequest {
  /** In Cloudflare Workers. */
  readonly cf?: { readonly tlsClientAuth?: CloudflareCertificate }
  /** In Node. */
  readonly socket?: TlsSocket
  /** In Fastify: the request of Node. */
  readonly raw?: { readonly socket?: TlsSocket }
}

interface TlsSocket {
  getPeerCertificate?(): { readonly fingerprint256?: unknown } | null
}

interface CloudflareCertificate {
  readonly certPresented?: unknown
  readonly certVerified?: unknown
  readonly certFingerprintSHA256?: unknown
}

/** Returns the SHA-256 of the client's certificate in base64url, or `undefined` if the connection has none. */
function fingerprintOf(incoming: RequestLike): string | undefined {
  const request = incoming as TlsRequest
  const cf = memberOf(request, 'cf')
  if (typeof cf === 'object' && cf !== null) {
    const certificate = memberOf(cf, 'tlsClientAuth')
    if (typeof certificate !== 'object' || certificate === null) return undefined
    // Cloudflare also reports certificates that it could not verify.
    if (memberOf(certificate, 'certPresented') !== '1' || memberOf(certificate, 'certVerified') !== 'SUCCESS') return undefined
    return recoded(memberOf(certificate, 'certFingerprintSHA256'))
  }
  const raw = memberOf(request, 'raw')
  const socket = memberOf(request, 'socket') ?? (raw && memberOf(raw, 'socket'))
  if (typeof socket !== 'object' || socket === null || typeof socket.getPeerCertificate !== 'function') return undefined
  const certificate = socket.getPeerCertificate()
  return certificate ? recoded(memberOf(certificate, 'fingerprint256')) : undefined
}

/** Recodes 32 bytes from hexadecimal, with colons or without. Returns `undefined` for any other value. */
function recoded(value: unknown): string | undefined {
  const hex = typeof value === 'string' ? value.replace(/:/g, '') : ''
  if (!/^[0-9a-f]{64}$/i.test(hex)) return undefined
  return base64url(Uint8Array.from(hex.match(/../g) ?? [], (octet) => Number.parseInt(octet, 16)))
}
