/** Every item of the page in Chromium, by its own driver: requests, the network, accessibility, files. */
import { copyFile, mkdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ok, same } from '../suite/harness.mjs'
import { AXE_RULES, axeScript } from './axe.mjs'
import { choose, click, enter, ready, shows, text } from './www_flows.mjs'

/** The states that are looked at: the name of a sample by the name of its picture. */
const STATES = {
  empty: '',
  valid: 'ES256',
  expired: 'Expired 42 seconds ago',
  tampered: 'Changed after it was signed',
  audience: 'For another audience',
  broken: 'Broken',
  jwe: 'Encrypted (JWE)',
}
/** The pictures that the README shows: state and colour scheme. */
const PICTURES = { 'expired-light': 'expired', 'audience-dark': 'audience', 'valid-light': 'valid' }

export function chromiumTests(test, { out, world, project, fresh, tools }) {

  test('no request leaves the page without a click, and the first load is small', async () => {
    await fresh({}, async (tab, { requests }) => {
      const { weights } = world
      const before = ['/index.html', '/style.css', '/main.js', '/icon.svg', ...[...weights.keys()].filter((path) => path.startsWith('/chunk'))]
      const sum = (names) => names.reduce((total, name) => total + (weights.get(name) ?? 0), 0)
      ok(sum(before) > 0 && sum(before) < 50_000, `${sum(before)} bytes before the first keystroke`)
      await choose(tab, 'ES256')
      await shows(tab, '#verdict', 'Accepted')
      const needed = [...new Set(requests.map((url) => new URL(url).pathname.replace(/\/$/, '/index.html')))]
      ok(needed.includes('/inspect.wasm'), needed.join())
      ok(sum(needed) < 200_000, `${sum(needed)} bytes until the first verdict`)
      await enter(tab, { text: await world.token() })
      await shows(tab, '#key-sources', 'Fetch the issuer’s keys')
      same(requests.filter((url) => !url.startsWith(world.page)), [])
    })
  })

  test('the policy, Trusted Types and integrity hashes are on every file', async () => {
    const policy = (await fetch(`${world.page}/`)).headers.get('content-security-policy')
    for (const part of ["default-src 'none'", "connect-src 'self'", "'wasm-unsafe-eval'", "require-trusted-types-for 'script'", "frame-ancestors 'none'"]) ok(policy.includes(part), part)
    ok(!/unsafe-inline|'unsafe-eval'/.test(policy), policy)
    const page = await readFile(join(out, 'index.html'), 'utf8')
    const map = JSON.parse(/<script type="importmap">(.*?)<\/script>/.exec(page)[1])
    ok(Object.keys(map.integrity).length >= 3 && /<script type="module" integrity="sha384-/.test(page) && /style.css" integrity="sha384-/.test(page), page)
    // A changed module does not run.
    await fresh({ quiet: true, open: false }, async (tab) => {
      const body = Buffer.concat([await readFile(join(out, 'inspect.wasm')), Buffer.from([0])])
      await tab.page.route('**/inspect.wasm', (route) => route.fulfill({ contentType: 'application/wasm', body }))
      await tab.goto(`${world.page}/`)
      await shows(tab, '#banner', 'could not start')
    })
  })

  test('keys are fetched from `iss` on clicks alone, in a frame that never gets the token', async () => {
    const token = await world.token()
    await fresh({ allowed: [`${world.other}/.well-known/openid-configuration`, `${world.other}/jwks`] }, async (tab) => {
      await enter(tab, { text: token, issuer: world.other, audience: 'https://api.example' })
      world.asked.length = 0
      await tab.evaluate(() => document.querySelector('#key-sources details').setAttribute('open', ''))
      await shows(tab, '#key-sources code', `${world.other}/.well-known/openid-configuration`)
      same(world.asked.length, 0, 'nothing is fetched before the click')
      await tab.evaluate(() => document.querySelector('#key-sources button').click())
      await shows(tab, '#key-sources code', `${world.other}/jwks`)
      await tab.evaluate(() => document.querySelector('#key-sources button').click())
      await shows(tab, '#verdict', 'Accepted')
      same(world.asked.map(({ path }) => path), ['/.well-known/openid-configuration', '/jwks'])
      for (const { headers } of world.asked) same([headers.origin, headers.referer, headers.authorization, headers.cookie], ['null', undefined, undefined, undefined])
      ok(!JSON.stringify(world.asked).includes(token.split('.')[1]), 'the token was sent')
      await shows(tab, '#configuration pre', `jwksUri: ${JSON.stringify(`${world.other}/jwks`)}`)
    })
  })

  test('an address instead of keys can be fetched: of a key set, and of metadata; the focus goes to the next step', async () => {
    const [metadata, jwks] = [`${world.other}/.well-known/openid-configuration`, `${world.other}/jwks`]
    await fresh({ allowed: [metadata, jwks] }, async (tab) => {
      const token = await world.token()
      const fetchFocused = async () => {
        await tab.page.locator('#key-sources .fetch button').first().focus()
        await tab.page.keyboard.press('Enter')
      }
      await enter(tab, { text: token, issuer: world.other, audience: 'https://api.example', keys: jwks })
      await shows(tab, '#banner', 'There is no key to check the signature with.')
      await shows(tab, '#key-sources', 'This is the address of keys')
      await fetchFocused()
      await shows(tab, '#verdict', 'Accepted')
      same(await tab.evaluate(() => [document.querySelector('#keys').value, document.activeElement.id]), ['', 'banner'])
      await click(tab, 'Remove', '#key-sources')
      await enter(tab, { keys: metadata })
      await fetchFocused()
      await shows(tab, '#key-sources code', jwks)
      same(await tab.evaluate(() => document.activeElement.textContent), 'Fetch')
      await tab.page.keyboard.press('Enter')
      await shows(tab, '#verdict', 'Accepted')
    })
  })

  test('on a phone the verdict is in the window after a paste, and it is announced once', async () => {
    for (const viewport of [{ width: 320, height: 480 }, { width: 390, height: 844 }]) {
      await fresh({ viewport }, async (tab) => {
        const token = await world.token()
        await tab.evaluate(() => {
          window.announced = []
          new MutationObserver(() => window.announced.push(document.querySelector('#verdict').textContent)).observe(document.querySelector('#banner'), { childList: true })
        })
        await tab.page.focus('#text')
        await tab.evaluate((token) => {
          document.querySelector('#text').dispatchEvent(new ClipboardEvent('paste', { bubbles: true }))
          document.execCommand('insertText', false, token)
        }, token)
        await shows(tab, '#verdict', 'Not decided yet')
        await tab.until(() => {
          const { top, bottom } = document.querySelector('#verdict').getBoundingClientRect()
          return top >= 0 && bottom <= innerHeight
        })
        same(await tab.evaluate(() => document.activeElement.id), 'text')
        await enter(tab, { issuer: '' })
        same(await tab.evaluate(() => [window.announced, document.querySelector('#banner').getAttribute('role')]), [['Not decided yet'], 'status'])
      })
    }
  })

  test('labels of the time line that would touch are one, and print leaves the fields out', async () => {
    await fresh({}, async (tab) => {
      await choose(tab, 'Expired 42 seconds ago')
      await shows(tab, '#verdict', 'Refused')
      await tab.evaluate(() => {
        const time = document.querySelector('#at')
        time.value = '2037-01-01T00:00'
        time.dispatchEvent(new Event('change', { bubbles: true }))
      })
      await shows(tab, '#timeline text', 'iat, nbf, exp')
      await tab.page.emulateMedia({ media: 'print' })
      const shown = await tab.evaluate(() => ['#text', '.inputs', '#slide', '#banner', '#token', '#contents'].map((selector) => document.querySelector(selector).getClientRects().length > 0))
      same(shown, [false, false, false, true, true, true])
    })
  })

  test('the message to the frame is the URL and nothing else', async () => {
    const address = `${world.other}/.well-known/openid-configuration`
    await fresh({ allowed: [address], open: false }, async (tab) => {
      await tab.page.addInitScript(() => addEventListener('message', ({ data }) => (globalThis.got = data)))
      await tab.goto(`${world.page}/`)
      await ready(tab)
      await enter(tab, { text: await world.token() })
      await tab.evaluate(() => document.querySelector('#key-sources button').click())
      await shows(tab, '#key-sources code', `${world.other}/jwks`)
      const frame = tab.page.frames().find((one) => one.url().endsWith('fetcher.html'))
      same(await frame.evaluate(() => globalThis.got), { url: address })
      const outside = await frame.evaluate(() => {
        try {
          return parent.document.title
        } catch (error) {
          return error.name
        }
      })
      same(outside, 'SecurityError')
    })
  })

  test('the answer shown is the one that a gate with these options gives', async () => {
    const { createGate } = await import(pathToFileURL(join(project.folder, 'node_modules', 'jotgate', 'dist', 'index.js')))
    const cases = [
      ['Expired 42 seconds ago', 401, ''],
      ['Expired 42 seconds ago', 401, 'items:write orders:read'],
      ['For another audience', 401, 'items:write'],
      ['From another issuer', 401, 'items:write'],
      ['Changed after it was signed', 401, 'items:write'],
      ['Unsigned (alg none)', 401, 'items:write'],
      ['Broken', 401, 'items:write'],
      ['ES256', 403, 'items:write'],
      ['ES256', 200, 'items:read'],
    ]
    await fresh({}, async (tab) => {
      for (const [sample, status, needs] of cases) {
        await choose(tab, sample)
        await enter(tab, { needs })
        const [token, keys, issuer, audience, algorithms] = await tab.evaluate(() => ['text', 'keys', 'issuer', 'audience', 'algorithms'].map((id) => document.getElementById(id).value))
        const gate = createGate({ issuer, audience, algorithms: [algorithms], keys: JSON.parse(keys) })
        const request = new Request('https://api.example/items', { headers: { authorization: `Bearer ${token}` } })
        const pass = await gate.check(request, needs === '' ? {} : { scopes: needs.split(' ') })
        same(pass.ok ? 200 : pass.status, status, sample)
        if (pass.ok) {
          await shows(tab, '#answer', `It lets a request that needs ${needs} pass.`)
          continue
        }
        const response = pass.response()
        ok(response.headers.get('www-authenticate').includes(`scope="${needs}"`) === (needs !== ''), sample)
        const body = await response.text()
        const capital = (name) => name.replace(/^www|^[a-z]|-[a-z]/g, (letters) => letters.toUpperCase())
        const lines = [...response.headers].map(([name, value]) => `${capital(name)}: ${value}`)
        const expected = `HTTP/1.1 ${status} ${JSON.parse(body).title}\n${lines.join('\n')}\n\n${body}`
        const isShown = (expected) => document.querySelector('#answer pre')?.textContent === expected
        await tab.until(isShown, expected).catch(async () => same(await text(tab, '#answer pre'), expected, sample))
      }
    })
  })

  test('where CORS forbids it: the command, and a place to paste the document', async () => {
    const address = `${world.other}/closed/.well-known/openid-configuration`
    await fresh({ allowed: [address], expected: /CORS|Failed to load resource/ }, async (tab) => {
      await enter(tab, { text: await world.token(`${world.other}/closed`) })
      await tab.evaluate(() => document.querySelector('#key-sources button').click())
      await shows(tab, '#key-sources pre', `curl -i '${address}'`)
      await tab.evaluate((text) => (document.querySelector('#key-sources textarea').value = text), JSON.stringify({ issuer: `${world.other}/closed`, jwks_uri: `${world.other}/jwks` }))
      await click(tab, 'Use what I pasted', '#key-sources')
      await shows(tab, '#key-sources code', `${world.other}/jwks`)
    })
  })

  test('the walk of an MCP client: three documents, each on a click', async () => {
    const addresses = ['/mcp', '/.well-known/oauth-protected-resource/mcp', '/.well-known/oauth-authorization-server']
    const expected = /Failed to load resource: the server responded with a status of 401/
    await fresh({ allowed: addresses.map((path) => world.other + path), expected }, async (tab) => {
      world.asked.length = 0
      await enter(tab, { resource: `${world.other}/mcp` })
      await click(tab, 'Show the steps')
      await shows(tab, '#steps li', `Origin: ${world.other}`)
      same(world.asked.length, 0)
      for (const [index] of addresses.entries()) {
        await tab.evaluate((index) => document.querySelector(`#steps li:nth-child(${index + 1}) button`).click(), index)
        await tab.until((index) => document.querySelector(`#steps li:nth-child(${index + 1})`).className === 'holds', index)
      }
      same(world.asked.map(({ path }) => path), addresses)
    })
  })

  test('a share link lacks the signature and secrets, and leaves the address bar', async () => {
    await fresh({}, async (tab) => {
      await choose(tab, 'HS256')
      await shows(tab, '#verdict', 'Accepted')
      const [, , signature] = (await tab.evaluate(() => document.querySelector('#text').value)).split('.')
      const secret = JSON.parse(await tab.evaluate(() => document.querySelector('#keys').value)).k
      await click(tab, 'Make a link')
      const link = await tab.evaluate(() => document.querySelector('#share-link a').href)
      const carried = Buffer.from(new URL(link).hash.slice(4), 'base64url').toString()
      ok(!carried.includes(signature) && !carried.includes(secret), 'the link carries a secret')
      await shows(tab, '#share-link', 'Your keys are not in it')
      await tab.evaluate(() => document.querySelector('#share-signature').click())
      await click(tab, 'Make a link')
      const whole = await tab.evaluate(() => document.querySelector('#share-link a').href)
      ok(Buffer.from(new URL(whole).hash.slice(4), 'base64url').toString().includes(signature))
      await tab.goto('about:blank')
      await tab.goto(link)
      await ready(tab)
      same(await tab.evaluate(() => location.hash), '')
      await shows(tab, '#token', 'payload')
      same(await tab.evaluate(() => document.querySelector('#issuer').value), 'https://issuer.example')
    })
  })

  test('pasted options are read, never run', async () => {
    await fresh({}, async (tab) => {
      await choose(tab, 'ES256')
      await tab.evaluate(() => (document.querySelector('#paste-options').open = true))
      await enter(tab, { options: "const gate = createGate({ issuer: 'https://login.example', audience: ['https://api.example'], clockTolerance: 5, onRefusal: () => { window.ran = true }, algorithms: [(window.ran = true, 'ES256')] })" })
      await shows(tab, '#banner', 'issuer_mismatch')
      await shows(tab, '#options-read', 'Left out: onRefusal, algorithms.')
      same(await tab.evaluate(() => [window.ran ?? null, document.querySelector('#tolerance').value]), [null, '5'])
    })
  })

  test('a configuration takes nothing from a token whose signature matched no key of the user', async () => {
    await fresh({}, async (tab) => {
      await choose(tab, 'From another issuer')
      await enter(tab, { keys: '', issuer: '' })
      await shows(tab, '#configuration pre', 'issuer: "https://your-issuer.example"')
      ok(!(await text(tab, '#configuration pre')).includes('other.example'))
    })
  })

  test('a sample that was chosen before the inspector was loaded is shown', async () => {
    await fresh({ open: false }, async (tab) => {
      let release
      const chosen = new Promise((settle) => (release = settle))
      await tab.page.route('**/inspector-*.js', async (route) => {
        await chosen
        await route.continue()
      })
      await tab.page.goto(`${world.page}/`, { waitUntil: 'commit' })
      await tab.until(() => document.querySelectorAll('#sample option').length > 2)
      await tab.evaluate(() => (document.querySelector('#sample').value = 'ES256'))
      release()
      await shows(tab, '#verdict', 'Accepted')
    })
  })

  test('it works without a network after the first load', async () => {
    await fresh({}, async (tab, { context }) => {
      await tab.until(async () => (await navigator.serviceWorker.ready).active?.state === 'activated' && navigator.serviceWorker.controller !== null)
      await context.setOffline(true)
      await tab.reload()
      await ready(tab)
      await choose(tab, 'ES256')
      await shows(tab, '#verdict', 'Accepted')
    })
  })

  test('the single file works from file:// and cannot make a request', async () => {
    const file = join(out, 'jotgate-inspector.html')
    const { size } = await stat(file)
    ok(size < 1_000_000, `${size} bytes`)
    await fresh({ open: pathToFileURL(file).href }, async (tab, { requests }) => {
      await choose(tab, 'ES256')
      await shows(tab, '#verdict', 'Accepted')
      same(requests.filter((url) => !url.startsWith('file:') && !url.startsWith('data:')), [])
      same(await tab.evaluate(() => [document.querySelector('iframe'), document.querySelector('#walk')]), [null, null])
    })
  })

  test('the keyboard alone: the first stop skips to the result, each field has a visible focus', async () => {
    await fresh({}, async (tab) => {
      await tab.page.keyboard.press('Tab')
      same(await tab.evaluate(() => document.activeElement.textContent), 'Skip to the result')
      await tab.page.keyboard.press('Enter')
      same(await tab.evaluate(() => document.activeElement.id), 'banner')
      await tab.page.focus('#text')
      await tab.page.keyboard.type('not a token')
      await tab.until(() => document.querySelector('#verdict').textContent !== 'Nothing pasted yet')
      ok((await tab.evaluate(() => getComputedStyle(document.activeElement).outlineStyle)) !== 'none')
    })
  })

  for (const colorScheme of ['light', 'dark']) {
    for (const width of [320, 1280]) {
      test(`axe finds nothing in any state, and nothing is cut off: ${colorScheme}, ${width} px`, async () => {
        await fresh({ colorScheme, viewport: { width, height: 800 } }, async (tab) => {
          await tab.page.evaluate(await axeScript())
          for (const [state, sample] of Object.entries(STATES)) {
            if (sample !== '') await choose(tab, sample)
            await tab.page.waitForTimeout(250)
            const found = await tab.evaluate(async (rules) => (await axe.run({ runOnly: rules })).violations.map(({ id, nodes }) => `${id}: ${nodes[0].target}`), AXE_RULES)
            same(found, [], state)
            const wide = await tab.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
            same(wide, 0, `${state} is wider than the window`)
            const folder = join(dirname(dirname(tools.here)), 'target', 'screenshots')
            await mkdir(folder, { recursive: true })
            const path = join(folder, `${state}-${colorScheme}-${width}.png`)
            await tab.page.screenshot({ path, fullPage: width === 320 })
            const picture = Object.keys(PICTURES).find((name) => name === `${state}-${colorScheme}`)
            if (picture !== undefined && width === 1280 && process.env.PICTURES !== undefined) await copyFile(path, join(process.env.PICTURES, `www-${state}.png`))
          }
        })
      })
    }
  }
}
