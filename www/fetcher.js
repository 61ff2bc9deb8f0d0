/**
 * Runs in a sandboxed frame of an opaque origin. It gets a URL over a port, fetches it without credentials, and answers with the
 * status, some header fields and at most 256 KiB of text. It never gets the token.
 */
'use strict'
const LONGEST = 262_144
addEventListener('message', async ({ data, ports: [port] }) => {
  try {
    const response = await fetch(data.url, {
      mode: 'cors',
      credentials: 'omit',
      redirect: 'error',
      referrerPolicy: 'no-referrer',
      cache: 'no-store',
      signal: AbortSignal.timeout(10_000),
    })
    const text = await response.text()
    port.postMessage({
      status: response.status,
      text: text.slice(0, LONGEST),
      cut: text.length > LONGEST,
      challenge: response.headers.get('www-authenticate'),
    })
  } catch (error) {
    port.postMessage({ error: error.name })
  }
})
