/** The main flows of the page, by nothing but `evaluate`: they run in every engine. */
import { ok, same } from '../suite/harness.mjs'

/** Waits until the inspector runs. */
export const ready = (tab) => tab.until(() => document.documentElement.dataset.ready !== undefined)

const pick = (tab, name) =>
  tab.evaluate((name) => {
    document.querySelector('#text').value = ''
    const list = document.querySelector('#sample')
    list.value = name
    list.dispatchEvent(new Event('change', { bubbles: true }))
  }, name)

/** Chooses a sample and waits for its verdict. */
export async function choose(tab, name) {
  await pick(tab, name)
  await tab.until(() => document.querySelector('#text').value !== '' && !document.querySelector('#verdict').textContent.startsWith('Nothing'))
}

/** Enters texts into fields, by their ids, and waits until they were read. */
export async function enter(tab, fields) {
  await tab.evaluate(async (fields) => {
    for (const [id, value] of Object.entries(fields)) {
      const field = document.querySelector(`#${id}`)
      field.value = value
      field.dispatchEvent(new Event('input', { bubbles: true }))
    }
    // The page reads them when typing has rested for 120 ms; its timer was set before this one.
    await new Promise((settle) => setTimeout(settle, 200))
  }, fields)
}

export const text = (tab, selector) => tab.evaluate((selector) => document.querySelector(selector)?.textContent ?? '', selector)
export const click = (tab, words, within = 'body') =>
  tab.evaluate(([words, within]) => {
    const button = [...document.querySelectorAll(`${within} button`)].find(({ textContent }) => textContent === words)
    if (button === undefined) throw new Error(`there is no button "${words}"`)
    button.click()
  }, [words, within])
export const shows = (tab, selector, words) =>
  tab.until(([selector, words]) => [...document.querySelectorAll(selector)].some(({ textContent }) => textContent.includes(words)), [selector, words])

/** A token without a signature that expired three days ago. */
const expiredText = (tab) =>
  tab.evaluate(() => {
    const part = (value) => btoa(JSON.stringify(value)).replace(/=+$/, '')
    const exp = Math.floor(Date.now() / 1000) - 3 * 86_400 - 60
    return `${part({ alg: 'ES256', kid: 'other' })}.${part({ iss: 'https://mine.example', exp })}.AAAA${'A'.repeat(82)}`
  })

/** A curl command with a bound token and a proof, in the page: the text and the key. `proof` has claims that replace the right ones. */
async function requestWithProof(proof) {
  const bytes = (text) => new TextEncoder().encode(text)
  const base64url = (data) => btoa(String.fromCharCode(...new Uint8Array(data))).replace(/=+$/, '').replaceAll('+', '-').replaceAll('/', '_')
  const hash = async (text) => base64url(await crypto.subtle.digest('SHA-256', bytes(text)))
  const pair = () => crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
  const signed = async (header, claims, { privateKey }) => {
    const message = `${base64url(bytes(JSON.stringify({ alg: 'ES256', ...header })))}.${base64url(bytes(JSON.stringify(claims)))}`
    return `${message}.${base64url(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, privateKey, bytes(message)))}`
  }
  const [issuer, client] = [await pair(), await pair()]
  const { crv, kty, x, y } = await crypto.subtle.exportKey('jwk', client.publicKey)
  const iat = Math.floor(Date.now() / 1000)
  const cnf = { jkt: await hash(JSON.stringify({ crv, kty, x, y })) }
  const token = await signed({ typ: 'at+jwt' }, { sub: 'user-1', iat, exp: iat + 300, cnf }, issuer)
  const claims = { jti: 'proof-1', htm: 'GET', htu: 'https://api.example/items', iat, ath: await hash(token), ...proof }
  const made = await signed({ typ: 'dpop+jwt', jwk: { crv, kty, x, y } }, claims, client)
  const key = await crypto.subtle.exportKey('jwk', issuer.publicKey)
  return { text: `curl https://api.example/items -H 'Authorization: DPoP ${token}' -H 'DPoP: ${made}'`, keys: JSON.stringify({ crv: key.crv, kty: key.kty, x: key.x, y: key.y }) }
}

/** Each: a title, and what is done with a fresh tab on the page. */
export const FLOWS = {
  'an accepted sample of every algorithm': async (tab) => {
    const names = await tab.evaluate(() => [...document.querySelectorAll('#sample optgroup:last-child option')].map(({ value }) => value))
    ok(names.length >= 13, 'the list of algorithms is short')
    for (const name of names) {
      // Not every engine can make every key; the page says so then.
      const made = await tab.evaluate(async (name) => {
        if (name !== 'EdDSA') return true
        return crypto.subtle.generateKey({ name: 'Ed25519' }, true, ['sign', 'verify']).then(() => true, () => false)
      }, name)
      if (!made) continue
      await choose(tab, name)
      await shows(tab, '#verdict', 'Accepted').catch(async () => ok(false, `${name}: ${await text(tab, '#banner')}`))
    }
  },
  'a sample whose key the browser cannot make, and one whose key it makes at the second try': async (tab) => {
    await tab.evaluate(() => {
      const make = crypto.subtle.generateKey.bind(crypto.subtle)
      window.failures = 1_000
      crypto.subtle.generateKey = async (...rest) => (window.failures-- > 0 ? Promise.reject(new DOMException('no', 'OperationError')) : make(...rest))
    })
    await pick(tab, 'ES256')
    await shows(tab, '#verdict', 'The sample could not be made')
    await tab.evaluate(() => void (window.failures = 1))
    await choose(tab, 'ES384')
    await shows(tab, '#verdict', 'Accepted')
  },
  'a refusal with its code, its reason and the answer of the gate': async (tab) => {
    await choose(tab, 'Expired 42 seconds ago')
    await shows(tab, '#banner', 'expired')
    await shows(tab, '#answer', 'HTTP/1.1 401 Unauthorized')
    await shows(tab, '#answer', 'error_description="the token has expired"')
    await shows(tab, '#left', 'Expired')
    await choose(tab, 'For another audience')
    await shows(tab, '#banner', 'audience_mismatch')
    await shows(tab, '#answer', "the token's aud is not accepted")
    await choose(tab, 'Lacks a scope')
    await shows(tab, '#answer', 'HTTP/1.1 403 Forbidden')
    await shows(tab, '#answer', 'scope="items:write"')
  },
  'a refusal with both compared values': async (tab) => {
    const rows = () => tab.evaluate(() => [...document.querySelectorAll('#banner .compare > *')].map(({ textContent }) => textContent))
    await choose(tab, 'From another issuer')
    await shows(tab, '#banner', 'issuer_mismatch')
    same(await rows(), ['in the token', 'https://other.example', 'expected', 'https://issuer.example'])
    await choose(tab, 'ES256')
    await enter(tab, { audience: 'https://another.example' })
    await shows(tab, '#banner', 'audience_mismatch')
    same(await rows(), ['in the token', 'https://api.example', 'expected', 'https://another.example'])
    await enter(tab, { audience: '' })
    await shows(tab, '#banner', 'Not compared: audience.')
    await choose(tab, 'Lacks a scope')
    same(await rows(), ['in the token', 'items:read orders:read', 'expected', 'items:write'])
    await choose(tab, 'Expired 42 seconds ago')
    await shows(tab, '#banner', 'The token expired 4')
    same(await rows(), [])
    await enter(tab, { text: await expiredText(tab) })
    await shows(tab, '#banner', 'The token\'s exp is in the past.')
    await tab.until(() => document.querySelector('#banner .compare') !== null)
    same((await rows())[0], 'exp')
    ok((await rows())[1].startsWith('3 days ago: '), `${await rows()}`)
  },
  'a text without a token: what it is, and what to paste instead': async (tab) => {
    const cases = {
      'hello world, what is this?': ['No token found', 'A JWT starts with “eyJ”'],
      'Authorization: Bearer undefined': ['No token found', 'The text contains undefined where a token should be'],
      'headers: { Authorization: `Bearer ${token}` }': ['No token found', 'The text contains ${token} where a token should be'],
      'Authorization: Basic dXNlcjpwYXNz': ['No token found', 'Basic credentials'],
      'Bearer ya29.a0AfH6SMBxT3oF5cRl-Q': ['An opaque token', 'only its issuer can read it'],
      '{"active":false}': ['An answer of introspection', 'the token is not active'],
      '{"active":true,"scope":"a"}': ['An answer of introspection', 'the token is active'],
      '{"error":"invalid_grant"}': ['An error of an issuer', 'invalid_grant'],
      '{"issuer":"https://i.example","jwks_uri":"https://i.example/jwks"}': ['Metadata of an issuer', 'jwks_uri'],
    }
    for (const [pasted, [title, words]] of Object.entries(cases)) {
      await enter(tab, { text: pasted })
      await shows(tab, '#verdict', title)
      await shows(tab, '#banner', words)
    }
  },
  'the keys of a sample are not used for another token': async (tab) => {
    await choose(tab, 'ES256')
    await shows(tab, '#verdict', 'Accepted')
    const filled = () => tab.evaluate(() => ['keys', 'issuer', 'audience', 'algorithms', 'sample'].map((id) => document.getElementById(id).value !== ''))
    // One character more is still the sample.
    await enter(tab, { text: `${await tab.evaluate(() => document.querySelector('#text').value)}x` })
    same(await filled(), [true, true, true, true, true])
    await enter(tab, { issuer: 'https://mine.example', text: await expiredText(tab) })
    same(await filled(), [false, true, false, false, false])
    await choose(tab, 'ES256')
    await click(tab, 'Clear')
    same(await filled(), [false, false, false, false, false])
  },
  'a DPoP proof counts for the verdict': async (tab) => {
    const pasted = (proof) => tab.evaluate(requestWithProof, proof)
    await enter(tab, { ...(await pasted({ htu: 'https://api.example/items' })), issuer: '', audience: '' })
    await shows(tab, '#verdict', 'Accepted')
    await shows(tab, '#answer', 'With the option proof: dpop(), it lets a request pass.')
    await enter(tab, await pasted({ htu: 'https://api.example/other' }))
    await shows(tab, '#verdict', 'Refused')
    await shows(tab, '#banner', 'Its DPoP proof is not: htu is https://api.example/other')
  },
  'invisible characters are shown, and an opened part stays open': async (tab) => {
    const encoded = (json) => btoa(unescape(encodeURIComponent(json))).replace(/=+$/, '').replaceAll('+', '-').replaceAll('/', '_')
    const token = `${encoded('{"alg":"none"}')}.${encoded('{"name":"abc\u202Edef","ok":"\uD83D\uDC69\u200D\uD83D\uDC67"}')}.`
    await enter(tab, { text: token })
    await shows(tab, '#contents .raw', '"abc\\u202Edef"')
    await shows(tab, '#contents .raw', '"\uD83D\uDC69\u200D\uD83D\uDC67"')
    await shows(tab, '#contents .json pre', '"abc\\u202Edef"')
    await tab.evaluate(() => (document.querySelector('#contents .json').open = true))
    await enter(tab, { issuer: 'https://a.example' })
    same(await tab.evaluate(() => [...document.querySelectorAll('#contents .json')].map(({ open }) => open)), [true, false])
  },
  'the verdict at another time says so': async (tab) => {
    await choose(tab, 'ES256')
    await enter(tab, { slide: '1000' })
    await shows(tab, '#banner', ', not now.')
    await click(tab, 'Now')
    await shows(tab, '#verdict', 'Accepted')
    ok(!(await text(tab, '#banner')).includes('not now'))
  },
  'a link with the token alone, as other inspectors make it': async (tab) => {
    const token = await expiredText(tab)
    const address = await tab.evaluate(() => location.href)
    await tab.goto('about:blank')
    await tab.goto(`${address}#token=${token}`)
    await ready(tab)
    await shows(tab, '#banner', 'expired')
    same(await tab.evaluate(() => location.hash), '')
  },
  'four verdicts that do not mix': async (tab) => {
    const states = () => tab.evaluate(() => [...document.querySelectorAll('.verdict')].map(({ className }) => className.split(' ')[1]))
    await choose(tab, 'Changed after it was signed')
    await shows(tab, '#banner', 'signature')
    same(await states(), ['holds', 'fails', 'holds', 'unknown'])
    await choose(tab, 'For another audience')
    await shows(tab, '#banner', 'audience_mismatch')
    same(await states(), ['holds', 'holds', 'fails', 'holds'])
  },
  'the first bad character is marked and explained': async (tab) => {
    await choose(tab, 'Broken')
    await shows(tab, '#token mark', '=')
    await shows(tab, '#token .note', 'character')
  },
  'the claims as JSON keep order, repeated names and exact numbers': async (tab) => {
    const payload = '{"sub":"a","n":12345678901234567890,"sub":"b","cnf":{"jkt":"x","f":1.0},"list":["p",{}],"none":{}}'
    const encoded = (json) => btoa(json).replace(/=+$/, '')
    await enter(tab, { text: `${encoded('{"alg":"none"}')}.${encoded(payload)}.` })
    await shows(tab, '#contents', '12345678901234567890')
    const [claims, header] = await tab.evaluate(() => [...document.querySelectorAll('.json pre')].map(({ textContent }) => textContent))
    same(claims.replaceAll(/\s/g, ''), payload)
    same(claims.split('\n')[4], '  "cnf": {')
    same(header, '{\n  "alg": "none"\n}')
  },
  'one character changed: the page shows the name, the API answers 401': async (tab) => {
    await choose(tab, 'ES256')
    await shows(tab, '#verdict', 'Accepted')
    await click(tab, 'Change one character and ask the API', '#spa')
    await shows(tab, '#spa', 'Signed in as Ada Lovelace.')
    await shows(tab, '#spa', 'HTTP/1.1 401 Unauthorized')
    await shows(tab, '#spa', 'error_description="the signature does not match"')
  },
  'the time of evaluation moves, and the verdict with it': async (tab) => {
    await choose(tab, 'ES256')
    await shows(tab, '#verdict', 'Accepted')
    await shows(tab, '#left', 'left')
    await tab.evaluate(() => {
      const slide = document.querySelector('#slide')
      slide.value = '1000'
      slide.dispatchEvent(new Event('input', { bubbles: true }))
    })
    await shows(tab, '#banner', 'expired')
    await enter(tab, { tolerance: '300' })
    await shows(tab, '#verdict', 'Accepted')
    await enter(tab, { tolerance: '0' })
    await click(tab, 'Now')
    await shows(tab, '#verdict', 'Accepted')
  },
}

/** What a test must fail on, by words of its message. */
export const MISDEEDS = {
  'requests without a click': async (tab, { other, asked }) => {
    const path = '/unasked'
    await tab.evaluate((url) => {
      const frame = document.querySelector('#fetcher')
      frame.onload = () => frame.contentWindow.postMessage({ url }, '*', [new MessageChannel().port2])
      frame.src = 'fetcher.html'
    }, other + path)
    while (!asked.some((request) => request.path === path)) await new Promise((settle) => setTimeout(settle, 50))
  },
  'img-src': (tab, { other }) =>
    tab.evaluate(async (url) => {
      const violated = new Promise((settle) => addEventListener('securitypolicyviolation', settle, { once: true }))
      document.createElement('img').src = url
      await violated
    }, `${other}/image`),
  'an error of the console': (tab) => tab.evaluate(() => console.error('an error of the console')),
  'an exception': async (tab) => {
    await tab.evaluate(() => void setTimeout(() => Promise.reject(new Error('an exception'))))
    await tab.evaluate(() => new Promise((settle) => setTimeout(settle, 100)))
  },
}
