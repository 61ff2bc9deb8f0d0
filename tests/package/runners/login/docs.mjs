/** Runs every snippet of `docs/login.md`, as it is written but for the addresses, and compares its table of codes. */
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { snippetsOf } from '../doc_snippets.mjs'

/** @param context - the page and the provider of `node.mjs`, and the package's `createGate` */
export async function loginDocsTests({ test, same, ok, page, openPage, signIn, issuer, client, createGate, folder, tests }) {
  const root = dirname(dirname(tests))
  const text = await readFile(join(root, 'docs', 'login.md'), 'utf8')
  const snippets = await snippetsOf(join(root, 'docs', 'login.md'))

  test('docs/login.md: every JavaScript of the page is a snippet that is run here', () => {
    same([...snippets.keys()].sort(), ['again.js', 'api.js', 'buttons.js', 'callback.js', 'ends.js', 'login.js', 'logout.js', 'who.js'])
  })

  test('docs/login.md lists every code of LoginError, and no other', async () => {
    const source = await readFile(join(root, 'pkg-templates', 'src', 'login', 'errors.ts'), 'utf8')
    const [, table] = /LOGIN_ERRORS = \{([\s\S]*?)\n\}/.exec(source)
    const [, listed] = /<!-- codes -->([\s\S]*?)<!-- \/codes -->/.exec(text)
    const codes = [...table.matchAll(/^ {2}(\w+):/gm)].map(([, code]) => code)
    // The first column alone: the second one names codes of the issuer, too.
    const rows = [...listed.matchAll(/^\| ((?:`\w+`(?:, )?)+) \|/gm)].flatMap(([, cell]) => [...cell.matchAll(/`(\w+)`/g)])
    same(rows.map(([, code]) => code).sort(), codes.sort())
  })

  test('docs/login.md: the snippets log in, show, call the API at 200, 401 and 403, and log out', async () => {
    for (const [name, code] of snippets) {
      const local = code.replace('https://issuer.example', issuer).replace("'my-app'", `'${client}'`)
      await writeFile(join(folder, name), local)
    }
    openPage('https://app.example/items/7')
    const load = (name) => import(pathToFileURL(join(folder, name)))
    const { login } = await load('login.js')
    const { who } = await load('who.js')
    const { mayWrite } = await load('buttons.js')
    const { callApi } = await load('api.js')
    const refused = async (url) => callApi(url).then(() => 'nothing', ({ message }) => message)
    same([await who(), await mayWrite(), await (await load('ends.js')).minutesLeft()], ['nobody', false, undefined])
    same(await refused('http://127.0.0.1:9/'), 'Please log in.')
    await login.start()
    page.to(await signIn(page.went))
    await (await load('callback.js')).callback()
    same(location.href, 'https://app.example/items/7')
    same([await who(), await mayWrite(), await (await load('ends.js')).minutesLeft()], ['ada', false, 5])

    const options = { issuer, audience: 'https://api.example', algorithms: ['ES256'], jwksUri: `${issuer}/jwks` }
    const gate = createGate(options)
    // An API whose clock is an hour ahead: each token has expired there.
    const ahead = createGate({ ...options, currentDate: new Date(Date.now() + 3_600_000) })
    const asked = []
    const server = createServer(async ({ url, headers: { authorization } }, response) => {
      asked.push(url)
      const isAhead = url === '/ahead' || (url === '/once' && asked.filter((path) => path === url).length === 1)
      const request = new Request(`https://api.example${url}`, { headers: { authorization } })
      const pass = await (isAhead ? ahead : gate).check(request, { scopes: [url === '/write' ? 'items:write' : 'items:read'] })
      const answer = pass.ok ? Response.json({ hello: pass.claims.sub }) : pass.response()
      response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text())
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const api = `http://127.0.0.1:${server.address().port}`
    try {
      same(await callApi(`${api}/read`), { hello: 'ada' })
      const before = await login.tokens()
      same(await callApi(`${api}/once`), { hello: 'ada' })
      ok((await login.tokens()).accessToken !== before.accessToken, 'it was renewed')
      same(await refused(`${api}/ahead`), 'The API answered 401.')
      same(await refused(`${api}/write`), 'You are not allowed to do this.')
      same(asked, ['/read', '/once', '/once', '/ahead', '/ahead', '/write'])
    } finally {
      server.closeAllConnections()
      server.close()
    }
    const challenge = 'Bearer error="insufficient_user_authentication", acr_values="urn:example:code", max_age="300"'
    await (await load('again.js')).logInAgain(new Response(null, { status: 401, headers: { 'www-authenticate': challenge } }))
    same(['acr_values', 'max_age'].map((name) => page.went.searchParams.get(name)), ['urn:example:code', '300'])
    await (await load('logout.js')).logout()
    same([await who(), page.went.pathname], ['nobody', '/session/end'])
  })
}
