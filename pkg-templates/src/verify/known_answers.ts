/**
 * One signed message and its key for each kind of signature, for the self-test. The message is a header with the algorithm alone, a dot,
 * and the claims `{}`. The signatures are chosen and the keys are computed from them, so that the text is repetitive and gzip shortens it.
 * The RSA modulus is the cube of the signature minus the padded message. The ECDSA signatures are two small numbers. The Ed25519 key and R
 * are both the base point. `tests/package/runners/known_answers.mjs` computes the table again.
 */

/** A public key and a signature. `HS256` has no `jwk`: its secret is 32 zero bytes. */
export interface KnownAnswer {
  readonly jwk?: Readonly<Record<string, string>>
  /** The signature, in base64url. */
  readonly signature: string
}

export const KNOWN_ANSWERS: Readonly<Record<string, KnownAnswer>> = {
  HS256: {
    signature: '4E_Bsx-pJi3kOW9wVXN8CgbATwP09D9V5gxh9-9zSZ0',
  },
  RS256: {
    jwk: {
      kty: 'RSA',
      e: 'Aw',
      n:
        '1_4AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' +
        'AAAGwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' +
        'AAAAAAASAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA_8_Oz_L59p95t_6a_Pv9_vr_-98kCFYr_P67tmFU5sk_XfMSyjwVFG0Hsx' +
        'pSI9fGTuRAdQ',
    },
    signature:
      'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' +
      'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' +
      'AAAAAAAGAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' +
      'AAAAAAAAAAAQ',
  },
  ES256: {
    jwk: {
      kty: 'EC',
      crv: 'P-256',
      x: 'Q-AZ0gdphlZbRT7lJQzq-LPcMGTGos5wdTDEAJRUVT0',
      y: 'MsFJQwiZGsKgjZvMXRb3NfPKRrTf5-rDWxIkOF97BCg',
    },
    signature: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAUAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAw',
  },
  ES384: {
    jwk: {
      kty: 'EC',
      crv: 'P-384',
      x: 'G2HbqSHKL_xI8OIKQqvHyDKapmo7-k2BVTdkRqTzUhB9agxpQMEaiTbm0VzwNZHZ',
      y: '4Gjjca9JKgoo91RXzizU__q5QmkojNA0kluVMtQ2Cr34JCvNioHiyWK4woZ6WOC7',
    },
    signature:
      'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAACAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' +
      'AAAAAAAAAAAAAAAAAD',
  },
  ES512: {
    jwk: {
      kty: 'EC',
      crv: 'P-521',
      x: 'AKB2gPF_4VamhhBPuKg5hYhroLyGCkq80teatoU5mD52m6ST3hzih6GD1JiaGu7lzCM68ABoxXhBtlECmfWwNMnW',
      y: 'AZmMr5IFAZyFUYDvK0wJxFNiMMpQVzjNes2kqMRpPlJgkTLx26Q9PgbZowI5JQc17JFATV8b2yRn9v17I1r1VKPf',
    },
    signature:
      'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAA' +
      'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAD',
  },
  EdDSA: {
    jwk: { kty: 'OKP', crv: 'Ed25519', x: 'WGZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmY' },
    signature: 'WGZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmbid3oNHeE_F3R_3pbcT1lUNKUwvXFa9tlngGY3j4O1Dg',
  },
}
