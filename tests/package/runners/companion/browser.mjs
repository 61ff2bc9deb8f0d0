/** A browser without JavaScript: it keeps cookies and sends the forms of the companion's pages. */
import { once } from 'node:events'
import * as http from 'node:http'
import * as https from 'node:https'
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
  return (await new Browser(ca).logIn(url)).location
}

/** The browser of one person. */
export class Browser {
  #cookies = new Map()

  /** @param ca - the certificate that the companion uses */
  constructor(ca) {
    this.ca = ca
  }

  /** Gets a page, or sends `form` to it. */
  async visit(url, form) {
    const cookie = [...this.#cookies].map((pair) => pair.join('=')).join('; ')
    const headers = { cookie, 'accept': 'text/html', ...(form && { 'content-type': 'application/x-www-form-urlencoded' }) }
    const { request } = `${url}`.startsWith('https:') ? https : http
    const sent = request(url, { ca: this.ca, method: form ? 'POST' : 'GET', headers })
    sent.end(form && `${new URLSearchParams(form)}`)
    const [response] = await once(sent, 'response')
    for (const line of response.headers['set-cookie'] ?? []) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)
      if (value) this.#cookies.set(name, value)
      else this.#cookies.delete(name)
    }
    const { statusCode: status, headers: answered } = response
    return { status, location: answered.location, headers: answered, page: await text(response) }
  }

  /** Fills in the pages of an authorization request; returns them, and where the client's answer goes. */
  async logIn(url) {
    const pages = []
    let form
    while (pages.length < MAX_PAGES) {
      const { status, location, page } = await this.visit(url, form)
      if (location) return { location: new URL(location), pages }
      pages.push(page)
      const token = /name="form_token" value="([^"]+)"/.exec(page)?.[1]
      if (token === undefined) throw new Error(`the companion answered ${status}: ${page}`)
      const isLogin = page.includes('name="password"')
      form = { form_token: token, ...(isLogin ? { step: 'login', ...PERSON } : { step: 'allow' }) }
    }
    throw new Error('the login does not end')
  }
}
