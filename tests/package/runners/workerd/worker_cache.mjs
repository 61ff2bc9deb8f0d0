/**
 * The cache of a data centre, as workerd asks for one: `PUT` brings a whole HTTP response as its body, `GET` wants it
 * back. The test speaks to it under `/control`.
 */
const entries = new Map()
let mode = ''

const BAD = {
  page: () => hit('<html>'),
  empty: () => hit(JSON.stringify({ text: '{"keys":[]}', sent: Date.now() / 1000, arrived: 0, cacheControl: '' })),
  broken: () => Promise.reject(new Error('broken')),
  silent: async () => {
    await scheduler.wait(60_000)
    return hit('')
  },
}

const hit = (body) => new Response(body, { headers: { 'cf-cache-status': 'HIT' } })

export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname === '/control') {
      mode = searchParams.get('mode') ?? mode
      return Response.json([...entries.keys()])
    }
    if (request.method === 'PUT') {
      entries.set(request.url, await request.text())
      return new Response(null, { status: 204 })
    }
    if (mode !== '') return BAD[mode]()
    const entry = entries.get(request.url)
    if (entry === undefined) return new Response(null, { status: 504, headers: { 'cf-cache-status': 'MISS' } })
    const body = entry.slice(entry.indexOf('\r\n\r\n') + 4)
    const chunked = /^transfer-encoding: *chunked/im.test(entry)
    return hit(chunked ? body.slice(body.indexOf('\r\n') + 2, body.lastIndexOf('\r\n0\r\n')) : body)
  },
}
