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
