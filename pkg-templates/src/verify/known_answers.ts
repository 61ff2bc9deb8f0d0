/**
 * One signed message and its key for each kind of signature, made once with `node:crypto`; the private keys were thrown away. The message
 * is the header with the algorithm alone, a dot, and the claims `{}`.
 */

/** A public key, or for `HS256` none: the secret is 32 zero bytes. */
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
      e: 'AQAB',
      n:
        '3Uy9RTskMD9pjd-nisuR8DjaM-x8vQzWYQpY-RCoPqQcwrUTQ6l9wk0E6B5V-RzfV8kr0fpSiHW58xJyOBzNto5rmp-5cwMgjTRgHU2r_tMcnF' +
        'GYYzZzRSa-66C7_gsSUWCKUdBhcZm5b09TiC7Z1ysY8l9vsx3b-Kul6EoIy5VdYpx2VbVGQ4ADP9w1T0cpSeZOlKrWRskwrbq2yop8PhI-7LEY' +
        'cf-GY_OF5VcEOCzggzECkhMi6nOCP1ne6bKelRfYtPRd7nnsUqoNKPTcJxge-ExfTyB-_QD3ikfqBf1bqcbXMnmyeuZawcaIGMg6abs_F5Gm_M' +
        'gyN_j3Js_hzQ',
    },
    signature:
      'STg5wHfZg4-tiv7s8DFYIk8N5tK4d78Wf51nkrijjfBevNP3FcWyRi6PUt94-ymvLLpmgs7AHeraYg7p4K_5mMM6l_qqJA1l_48KdwOxp-juCK' +
      'wk-Exi3fcH9zPavxF3ECcFhiYNNW2kCcVdUgoGUIL8hR1xoz29lMeat-wcMRr9i5zIzkjB_OtvXZbolTCc5ZtjotClfdJPqxEpVDFYQdzTKdMm' +
      'M2h_e9-llkxdNjSIFKt5cB5U5H1ZgLehMZIkr63v56t7B8egnF12BW6IacvSAqCSgpIKME1kbFP-vvbIYVDfuLgZ6ghSeCpxYDL5UYoT2W8wO3' +
      'mKxtpwCYE-og',
  },
  ES256: {
    jwk: {
      kty: 'EC',
      crv: 'P-256',
      x: 'cVgc2sTvNisyQs0Vsovr6zJmqG7nELtjEkx9n6Y5X2w',
      y: 'JtyVgk-PkZ7tfobjtrkkZVgGnBgfiKzdrUwfFFEYt-w',
    },
    signature: 'VjrITi81k65TZ1ocLqQTrQ62INoWkagi9k_CEXm1bH8Hg4ekidL4AGMiVdv4VTGpa0Qjp50pMzLa11kvTDsA7g',
  },
  ES384: {
    jwk: {
      kty: 'EC',
      crv: 'P-384',
      x: 'nEQHydNBacMUdfUmTi-V9Zk9VnGWeW3ozRzGcB33qv8D8cs42jdpE-4IL-tSCwwh',
      y: 'RaEbQDNZ8NijwZw1khMwvEgB5m-ugp5jGMFnZGxVQ60g8zd8_3rLQgN8PmUDXsRQ',
    },
    signature:
      'yvaZAmjiO0e0LYvmvMrEAXAgSTB7WURczdpwnYwxpOZZ4zKKAc8Z5bfuJd9dOZfSEqAMGqRX2VNDh6F27ELSkPNR1jdUhK_QFI9UbKypf5Wd_M' +
      '8skphNZpDd8eIjbBf2',
  },
  ES512: {
    jwk: {
      kty: 'EC',
      crv: 'P-521',
      x: 'AfiZK7_CFlYo3itVFSi0mnhnRTlCMgEc1MD1J_n4DIeh-Ch947wzWJ5Xy4xYRgLhqFWkaGbXlZl_L1NAqQKgTNca',
      y: 'ABZh49Pmsq1MKbpjOI0343_tpFJtCFG1owc_EYUPZPKjnzAwVomGQ0GfL_2J99vRalaxtHRYqThHwUpoDTpZQ0w8',
    },
    signature:
      'AWZu9GsIpurIA4WwfRbrwGH7b495Ooa22uB-4PB8km7nIoEYzHE2uelQRvTvGxMrYyRgbtEqPcn8DZt6owjTbsU-AUWhTWcr_EZ5tBa_AlWMTG' +
      'clOudz6EqK2COzwK62O7iLIVWAJKI0g2dO6_TaheB_B1z1HqBg171ONVAMBEfOOFxL',
  },
  EdDSA: {
    jwk: { kty: 'OKP', crv: 'Ed25519', x: 'QpIs2aIk2IF5yhICVJ3ppZVTWku6oLT0OW7oCGMYW1M' },
    signature: '7_xrMjdlnLMoXbT0i1_GX5AYJUTggvdqrbitOgAs0u1G61IbWbIP03gV0twLt4KMWJHVU2sX6d6oZyZN8xeQAQ',
  },
}
