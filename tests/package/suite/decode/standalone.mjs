/** `jotgate/decode`, held to the core: the same claims, or the same refusal, for every token of the vectors and beyond. */
import refusals from '../../../vectors/refusals.json' with { type: 'json' }
import rfc7515 from '../../../vectors/rfc7515.json' with { type: 'json' }
import rfc7519 from '../../../vectors/rfc7519.json' with { type: 'json' }
import rfc7520 from '../../../vectors/rfc7520.json' with { type: 'json' }
import rfc8037 from '../../../vectors/rfc8037.json' with { type: 'json' }
import { ok, outcome, refused, same } from '../harness.mjs'
import { base64url as encoded } from '../mint.mjs'

/** JSON that is odd, as header and as payload. */
const TEXTS = [
  '{}',
  ' \t\r\n{ } \n',
  '',
  ' ',
  '{',
  '}',
  '{}}',
  '{}x',
  '{},',
  '[]',
  '[[]]',
  '"a"',
  'null',
  'true',
  '1',
  '1 2',
  '{"a":1}',
  '{"a" : 1 , "b" : [ 1 , { "c" : null } ] }',
  '{"a":1,}',
  '{,}',
  '{"a"}',
  '{"a":}',
  '{"a" 1}',
  '{"a":1 "b":2}',
  '{"a":[1,]}',
  '{"a":[,1]}',
  '{"a":[1 2]}',
  '{"a":[}',
  '{"a":]}',
  '{"a":{]}',
  "{'a':1}",
  '{a:1}',
  '{1:2}',
  '{null:1}',
  '{"a":01}',
  '{"a":1.}',
  '{"a":.5}',
  '{"a":+1}',
  '{"a":-}',
  '{"a":-0}',
  '{"a":1e400}',
  '{"a":-1e400}',
  '{"a":1e-400}',
  '{"a":123456789012345678901234567890}',
  '{"a":1E+2}',
  '{"a":NaN}',
  '{"a":Infinity}',
  '{"a":undefined}',
  '{"a":True}',
  '{"a":"\t"}',
  '{"a":"\\t\\u00e9\\/\\\\\\""}',
  '{"a":"\\x"}',
  '{"a":"\\u12"}',
  '{"a":"\\',
  '{"a":"b}',
  '{"a":"\\ud83d\\ude00"}',
  '{"a":"\\ud800"}',
  '{"a":"\\udc00\\ud800"}',
  '{"\\ud800":1}',
  '{"a":"😀 é \u2028 \u0000"}',
  '{"a":"\u2028"}',
  '{"a":\u00a01}',
  '\ufeff{}',
  '{"\ufeff":1}',
  '{}\u0000',
  '{"a":1,"a":1}',
  '{"a":1,"\\u0061":2}',
  '{"a":{"b":1,"b":2}}',
  '[{"b":1,"b":2}]',
  '{"a":[{"b":1},{"b":1}]}',
  '{"a":1,"a":2,x}',
  '{"a":{"b":1,"b":2},x}',
  '{"a":{"a":{"a":1}}}',
  '{"__proto__":{"x":1},"constructor":1,"toString":2}',
  '{"__proto__":1,"__proto__":2}',
  '{"hasOwnProperty":1,"length":2,"0":3,"":4}',
  '{"":1,"":2}',
  `{"a":${'['.repeat(127)}${']'.repeat(127)}}`,
  `{"a":${'['.repeat(128)}${']'.repeat(128)}}`,
  '['.repeat(100_000),
  '{"a":'.repeat(100_000),
  `{"a":"${'\\\\'.repeat(50_000)}"}`,
  `{"a":"${'b'.repeat(200_000)}`,
  `{${Array.from({ length: 2_000 }, (_, index) => `"k${index}":${index}`)},"k7":0}`,
]

export function decodePureTests({ jotgate, decoder, test }) {
  if (decoder === undefined) throw new Error('the runner must pass `jotgate/decode` as `decoder`')

  /** What programs read of an outcome; the text of a refusal is each one's own. */
  const read = ({ value, thrown }) =>
    thrown === undefined ? { value } : { name: thrown.name, code: thrown.code, refusal: thrown.refusal }

  async function agree(token, about) {
    for (const name of ['decodeJwt', 'decodeProtectedHeader']) {
      const [expected, found] = [await outcome(() => jotgate[name](token)), await outcome(() => decoder[name](token))]
      same(read(found), read(expected), `${name}: ${about ?? String(token).slice(0, 200)}`)
    }
  }

  test('every token of the vectors is decoded, or refused, as the core does', async () => {
    const cases = [refusals, rfc7515, rfc7519, rfc7520, rfc8037].flatMap((file) => file.cases)
    let tokens = 0
    for (const { name, token, token_b64u } of cases) {
      const text = token ?? (token_b64u && atob(token_b64u.replaceAll('-', '+').replaceAll('_', '/')))
      if (text === undefined) continue
      tokens++
      await agree(text, name)
    }
    ok(tokens > 650, `only ${tokens} tokens`)
  })

  test('odd JSON is decoded, or refused, as the core does', async () => {
    const good = base64url('{"alg":"ES256"}')
    for (const text of TEXTS) {
      const part = base64url(text)
      await agree(`${good}.${part}.x`, text.slice(0, 200))
      await agree(`${part}.${good}.x`, text.slice(0, 200))
    }
    for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xef, 0xbb, 0xbf]]) {
      const part = base64url(new Uint8Array([0x7b, 0x22, ...bytes, 0x22, 0x3a, 0x31, 0x7d]))
      await agree(`${good}.${part}.`)
      await agree(`${part}.${good}.`)
    }
  })

  test('odd base64url, parts and lengths are refused as the core does', async () => {
    const good = base64url('{"a":1}')
    const parts = [
      '',
      good,
      `${good}=`,
      `${good}==`,
      ` ${good}`,
      `${good}\n`,
      'e30',
      'e31',
      'e3',
      'e',
      'e30+',
      'e30/',
      '-_-_',
    ]
    for (const part of [...parts, 'é', '\ud800', 'e30\u0000', '=', 'e30=.', '{}']) {
      await agree(`${part}.${good}.`)
      await agree(`${good}.${part}.`)
      await agree(`${good}.${good}.${part}`)
    }
    for (const token of [
      '',
      '.',
      '..',
      '...',
      '....',
      '.....',
      good,
      `${good}.${good}`,
      `${good}.....`,
      `${good}....`,
    ]) {
      await agree(token)
    }
    for (const value of [undefined, null, 5, {}, [], true, new Uint8Array(3), Symbol('a')]) await agree(value)
    const limit = 1 << 20
    const filled = `${good}.${good}.`
    for (const [unit, count] of [
      ['x', limit - filled.length],
      ['x', limit - filled.length + 1],
      ['é', (limit - filled.length) >> 1],
      ['é', ((limit - filled.length) >> 1) + 1],
    ]) {
      await agree(filled + unit.repeat(count), `${count} times ${unit}`)
      await agree(`${unit.repeat(count)}..`, `${count} times ${unit} in the header`)
    }
  })

  test('what chance makes of a token is decoded, or refused, as the core does', async () => {
    const pieces = [
      ...'{}[]:,"\\ \n',
      '"a"',
      '"b"',
      '1',
      '-2.5e3',
      'true',
      'null',
      '\\u0061',
      'é',
      '{"a":',
      '[1,',
      '":"',
      '1e999',
    ]
    let state = 20_261_123
    const random = (below) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return Math.floor((state / 2 ** 32) * below)
    }
    const good = base64url('{"alg":"ES256"}')
    let accepted = 0
    for (let round = 0; round < 3_000; round++) {
      let text = '{"a":{"b":[1,2,{"c":"d"}]},"e":"f"}'
      for (let change = random(3); change >= 0; change--) {
        const at = random(text.length)
        text = text.slice(0, at) + pieces[random(pieces.length)] + text.slice(at + random(4))
      }
      const token = `${good}.${base64url(text)}.`
      accepted += (await outcome(() => decoder.decodeJwt(token))).thrown === undefined ? 1 : 0
      await agree(token, text)
    }
    ok(accepted > 100 && accepted < 2_900, `${accepted} accepted: chance made nothing of it`)
  })

  test('jotgate/decode throws errors of its own class that tell the reason', async () => {
    const error = await refused(() => decoder.decodeJwt('a.b'), { code: 'ERR_JWT_INVALID', refusal: 'token_parts' })
    ok(error instanceof decoder.JWTInvalid && error instanceof Error)
    same([error.name, error.message], ['JWTInvalid', 'not decoded: token_parts'])
    same(
      Object.keys(decoder)
        .filter((name) => name !== 'default' && name !== '__esModule' && name !== 'module.exports')
        .sort(),
      ['JWTInvalid', 'decodeJwt', 'decodeProtectedHeader', 'hasScope', 'scopesOf', 'secondsLeft'],
    )
  })
}

/** base64url of bytes, or of a text's UTF-8, however long. */
function base64url(data) {
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data
  let text = ''
  // 3,000 bytes are whole groups of three, so that the texts can be joined.
  for (let at = 0; at < bytes.length; at += 3_000) text += encoded(bytes.subarray(at, at + 3_000))
  return text
}
