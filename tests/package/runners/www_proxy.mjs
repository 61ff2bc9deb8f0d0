/** A forward proxy that records each request: for WebKit, whose driver reports none. */
import { createServer, request as ask } from 'node:http'

/** Starts it on loopback. `requests` gets each URL; of `https` only the origin can be seen, and no such request is passed on. */
export async function recordingProxy() {
  const requests = []
  const server = createServer((request, response) => {
    const { method, url, headers } = request
    requests.push(url)
    const failed = () => response.headersSent || response.writeHead(502).end()
    if (!URL.canParse(url)) return failed()
    // A connection of its own: a kept one may be closed by the server at the moment of the request.
    const passed = ask(url, { method, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers)
      answer.pipe(response)
    })
    passed.on('error', failed)
    request.pipe(passed)
  })
  server.on('connect', ({ url }, socket) => {
    requests.push(`https://${url}`)
    socket.on('error', () => {})
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
  })
  await new Promise((settle) => server.listen(0, '127.0.0.1', settle))
  return { requests, address: `127.0.0.1:${server.address().port}`, close: () => (server.closeAllConnections(), server.close()) }
}
