/** A browser without JavaScript: it keeps cookies and sends the forms of the companion's pages. */
import { once } from 'node:events'
import { request } from 'node:https'
import { text } from 'node:stream/consumers'
import { PERSON } from './world.mjs'

/** How many pages a login may have at most. */
const MAX_PAGES = 4

/**
 * Logs the person in and allows what the client asks for.
 *
 * @param url - the authorization request
 * @param ca - the certificate that the companion uses
 * @returns where the client's answer goes
 */
export async function logIn(url, ca) {
  const cookies = new Map()
  async function visit(form) {
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ')
    const headers = { cookie, ...(form && { 'content-type': 'application/x-www-form-urlencoded' }) }
    const sent = request(url, { ca, method: form ? 'POST' : 'GET', headers })
    sent.end(form && `${new URLSearchParams(form)}`)
    const [response] = await once(sent, 'response')
    for (const line of response.headers['set-cookie'] ?? []) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)
      if (value) cookies.set(name, value)
      else cookies.delete(name)
    }
    return { status: response.statusCode, location: response.headers.location, page: await text(response) }
  }
  let form
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const { status, location, page } = await visit(form)
    if (location) return new URL(location)
    const token = /name="form_token" value="([^"]+)"/.exec(page)?.[1]
    if (token === undefined) throw new Error(`the companion answered ${status}: ${page}`)
    const isLogin = page.includes('name="password"')
    form = { form_token: token, ...(isLogin ? { step: 'login', ...PERSON } : { step: 'allow' }) }
  }
  throw new Error('the login does not end')
}
