/** One worker, one verdict: the first request brings the token. `FIRST` is the contestant's module. */
import { first } from 'FIRST'

export default {
  async fetch(request) {
    const { sub } = await first(await request.json())
    return new Response(typeof sub)
  },
}
