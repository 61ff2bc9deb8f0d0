/** Runs every snippet of the packed README and of the pages in `docs`, which show the files of `examples/snippets`. */
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as jose from 'jose'

const { TESTS } = process.env
const load = (path) => import(pathToFileURL(join(TESTS, path)))
const { harness, ok, same } = await load('suite/harness.mjs')
const { mint } = await load('suite/mint.mjs')
const { guards, tokens } = await load('runners/guards.mjs')
const { report } = await load('runners/report.mjs')
const { transform } = createRequire(join(TESTS, '..', 'package.json'))('esbuild')
const folder = join(TESTS, '..', '..', 'examples', 'snippets')
const require = createRequire(import.meta.url)

const world = await mint(jose)
const minted = await tokens(world)
const { good, expired } = minted
const guarded = (ask) => guards(ask, minted)

// The issuers of the snippets; nothing else can be reached.
const served = new Map([['https://issuer.example/.well-known/jwks.json', world.jwks]])
const realFetch = globalThis.fetch
globalThis.fetch = async (url, init) => {
  if (new URL(url).hostname === '127.0.0.1') return realFetch(url, init)
  ok(served.has(String(url)), `no snippet fetches ${url}`)
  return Response.json(served.get(String(url)))
}

const docs = join(TESTS, '..', '..', 'docs')
const PAGES = ['browser', 'frameworks', 'remote-keys', 'verifier']
const pages = [join(require.resolve('jotgate/package.json'), '..', 'README.md'), ...PAGES.map((name) => join(docs, `${name}.md`))]
const texts = await Promise.all(pages.map((page) => readFile(page, 'utf8')))
const fences = texts.flatMap((text) => [...text.matchAll(/^```(?:js|ts)\n([\s\S]*?)^```$/gm)])
const shown = texts.flatMap((text) =>
  [...text.matchAll(/^<!-- examples\/snippets\/(\S+) -->\n```(?:js|ts)\n([\s\S]*?)^```$/gm)].map(([, name, code]) => [name, code]),
)
const snippets = new Map(shown)

const { test, run } = harness()

/** Runs a snippet as its page shows it, with the globals that its runtime or its surroundings would have. */
async function execute(name, globals = {}) {
  const { code } = await transform(snippets.get(name), { loader: name.endsWith('.ts') ? 'ts' : 'js', format: 'esm' })
  const file = join(process.cwd(), `${name}.mjs`)
  await writeFile(file, code)
  Object.assign(globalThis, globals)
  return import(pathToFileURL(file))
}

const incoming = (headers) => new Request('https://api.example/items/7', { headers })

/** A server that listens at `process.env.PORT` once the snippet was run. */
async function serves(name) {
  const free = createServer().listen(0, '127.0.0.1')
  await once(free, 'listening')
  const { port } = free.address()
  await new Promise((settle) => free.close(settle))
  process.env.PORT = String(port)
  await execute(name)
  await guarded(async (headers) => {
    for (let attempt = 0; ; attempt++) {
      try {
        return await fetch(`http://127.0.0.1:${port}/items/7`, { headers })
      } catch (thrown) {
        if (attempt === 500) throw thrown
        await new Promise((settle) => setTimeout(settle, 20))
      }
    }
  })
}

test('every snippet of the pages is a file, and every file is shown', async () => {
  same([...snippets.keys()].sort(), (await readdir(folder)).sort())
  for (const [name, code] of shown) same(code, await readFile(join(folder, name), 'utf8'), name)
  same(fences.length, shown.length, 'a code block of a page is not a snippet')
})

test('every link and every path in the documents leads to something', async () => {
  const root = join(TESTS, '..', '..')
  const folders = ['.', 'docs', 'docs/decisions', 'pkg-templates', 'www', 'examples/cloudflare-worker', 'examples/bundlers', 'tests/vectors']
  const read = async (file) => (await readFile(join(root, file), 'utf8')).replace(/^```[\s\S]*?^```$/gm, '')
  const dead = []
  let found = 0
  for (const folder of folders) {
    for (const name of (await readdir(join(root, folder))).filter((name) => name.endsWith('.md') && name !== 'CHANGELOG.md')) {
      const file = join(folder, name)
      const text = await read(file)
      const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link.replace('https://github.com/jotgate/jotgate/blob/main/', '/'))
      for (const link of links.filter((link) => !/^[a-z]+:/.test(link))) {
        const [path, anchor] = link.split('#')
        const target = path === '' ? file : path.startsWith('/') ? path.slice(1) : join(dirname(file), path)
        found += 1
        if (!existsSync(join(root, target))) dead.push(`${file}: ${link}`)
        else if (anchor !== undefined && !anchors(await read(target)).has(anchor)) dead.push(`${file}: ${link}`)
      }
      for (const [, path] of text.matchAll(/`((?:src|pkg-templates|tests|benches|docs|examples|www)\/[\w./-]+)`/g)) {
        found += 1
        if (!existsSync(join(root, path))) dead.push(`${file}: ${path}`)
      }
    }
  }
  same(dead, [])
  ok(found > 150, `only ${found} links were found`)
})

/** The anchors that GitHub makes of the headings of a page, and its own. */
function anchors(text) {
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading.toLowerCase().replace(/[^\w\- ]/g, '').replaceAll(' ', '-'),
  )
  return new Set([...headings, ...[...text.matchAll(/<a id="([^"]+)">/g)].map(([, id]) => id)])
}

test('every snippet takes ten lines', () => {
  for (const [name, code] of snippets) {
    const lines = code.split('\n').filter((line) => line.trim() !== '').length
    ok(lines <= 10, `${name} takes ${lines}`)
  }
})

test('Cloudflare Workers: the snippet guards', async () => {
  const { default: worker } = await execute('cloudflare-worker.js')
  const work = []
  await guarded((headers) => worker.fetch(incoming(headers), {}, { waitUntil: (promise) => work.push(promise) }))
  await Promise.all(work)
})

test('Next.js: proxy.ts guards', async () => {
  const { proxy, config } = await execute('next-proxy.ts')
  same(config, { matcher: '/api/:path*' })
  await guarded(async (headers) => (await proxy(incoming(headers))) ?? Response.json({ hello: 'user-1' }))
})

test('Next.js: the edge route guards', async () => {
  const { GET, runtime } = await execute('next-edge-route.ts')
  same(runtime, 'edge')
  await guarded((headers) => GET(incoming(headers)))
})

test('AWS Lambda: the snippet guards', async () => {
  const { handler } = await execute('aws-lambda.js')
  await guarded(async (headers) => {
    const { statusCode: status, body, ...answer } = await handler({ headers, rawPath: '/items/7', requestContext: { http: { method: 'GET' } } })
    return new Response(body, { status, headers: answer.headers })
  })
})

test('Hono: the snippet guards', async () => {
  const { default: app } = await execute('hono.js')
  await guarded((headers) => app.fetch(incoming(headers)))
})

test('Express: the snippet guards', () => serves('express.js'))
test('Fastify: the snippet guards', () => serves('node-fastify.js'))
test("Node's http: the snippet guards", () => serves('node-http.js'))

test('Verifier: the snippet verifies', async () => {
  await execute('verifier.js', { jwks: world.jwks, token: good })
  globalThis.token = expired
  const file = pathToFileURL(join(process.cwd(), 'verifier.js.mjs'))
  const { code } = await import(`${file}?again`).catch((thrown) => thrown)
  same(code, 'ERR_JWT_EXPIRED')
})

test('Keys at a URL: one snippet exports a set, with the other it is there at once, without a fetch', async () => {
  await execute('export-keys.js')
  const { fetch } = globalThis
  globalThis.fetch = () => Promise.reject(new Error('it was fetched'))
  try {
    const { gate } = await execute('hydrate-keys.js')
    same(gate.checkSync(incoming({ authorization: `Bearer ${good}` })).claims?.sub, 'user-1')
    await guarded(async (headers) => {
      const pass = await gate.check(incoming(headers), { scopes: ['items:read'] })
      return pass.ok ? Response.json({ hello: pass.claims.sub }) : pass.response()
    })
  } finally {
    globalThis.fetch = fetch
  }
})

test('Verifier: the snippet with a set at a URL verifies, and the errors are those that the page names', async () => {
  const { subjectOf } = await execute('remote-verifier.js')
  const thrown = (token) => subjectOf(token).then(() => ({}), (error) => error)
  const { fetch } = globalThis
  globalThis.fetch = () => Promise.reject(new Error('down'))
  const { code, retryAfter } = await thrown(good)
  same([code, retryAfter], ['ERR_JWKS_UNAVAILABLE', 1])
  globalThis.fetch = fetch
  await new Promise((settle) => setTimeout(settle, retryAfter * 1_000))
  same(await subjectOf(good), 'user-1')
  const { code: why, refusal, claim } = await thrown(expired)
  same([why, refusal, claim], ['ERR_JWT_EXPIRED', 'expired', 'exp'])
})

test('Verifier of parts: the snippet verifies with keys in hand, and with fetched ones', async () => {
  const { fetching, isExpired, pinned } = await execute('verifier-parts.js', { jwks: world.jwks })
  same([pinned.verifySync(good).payload.sub, (await fetching.verify(good)).payload.sub], ['user-1', 'user-1'])
  for (const verifier of [pinned, fetching]) ok(isExpired(await verifier.verify(expired).catch((thrown) => thrown)))
})

test('decode: the snippet decodes, and verifies nothing', async () => {
  const unsigned = `${good.split('.').slice(0, 2).join('.')}.`
  await execute('decode.js', { token: unsigned })
})

test('inspect: the snippet explains a token', async () => {
  const { explain } = await execute('inspect.js')
  const keys = JSON.stringify(world.jwks)
  same(explain(`Bearer ${good}`, keys), 'accepted: true')
  ok(/^expired: \S.*\. \S.*\.$/.test(explain(expired, keys)), explain(expired, keys))
})

const outcome = await run()
// The servers of the snippets go on for ever, as they should.
process.exit(report(outcome))
