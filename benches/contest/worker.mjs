/**
 * The contest in workerd. Its clock does not advance during a request, so the host measures. The host sends the
 * fixtures once, asks for the entrants, and then for batches. An empty batch makes the tokens and verifies none.
 */
import { verifyAll } from './batch.mjs'
import { enter } from './entrants.mjs'

let fixtures
const entered = new Map()

export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url)
    try {
      if (pathname === '/fixtures') {
        fixtures = await request.json()
        return Response.json({})
      }
      if (pathname === '/enter') {
        const situation = JSON.parse(searchParams.get('situation'))
        const { present, absent } = await enter(fixtures, situation)
        entered.clear()
        for (const one of present) entered.set(one.id, one)
        return Response.json({ present: present.map(({ id }) => id), absent })
      }
      const { verify, pool } = entered.get(searchParams.get('id'))
      const count = Number(searchParams.get('count'))
      if (pathname === '/batch') await verifyAll(verify, pool.take(count), Number(searchParams.get('flight')))
      else pool.peek(count)
      return new Response(`${count}`)
    } catch (thrown) {
      return new Response(`${thrown?.stack ?? thrown}`, { status: 500 })
    }
  },
}
