/** Wraps a public key in PEM in an X.509 certificate in PEM (RFC 5280 §4.1), without a valid signature. */
export function certificate(spki) {
  const key = Uint8Array.from(atob(spki.replace(/-----.*?-----|\s/g, '')), (c) => c.charCodeAt(0))
  const ed25519 = sequence(der(6, [0x2b, 0x65, 0x70]))
  const name = sequence(der(0x31, sequence(der(6, [0x55, 4, 3]), der(12, text('issuer.example')))))
  const validity = sequence(der(0x17, text('200101000000Z')), der(0x17, text('210101000000Z')))
  const signed = sequence(der(0xa0, der(2, [2])), der(2, [7]), ed25519, name, validity, name, key)
  const whole = sequence(signed, ed25519, der(3, [0, ...Array.from({ length: 64 }, () => 0)]))
  const lines = btoa(String.fromCharCode(...whole)).match(/.{1,64}/g)
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

const text = (ascii) => [...ascii].map((c) => c.charCodeAt(0))
const sequence = (...items) =>
  der(
    0x30,
    items.flatMap((item) => [...item]),
  )

function der(tag, content) {
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return [tag, ...size, ...content]
}
