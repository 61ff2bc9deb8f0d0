/** One worker, one verdict: the first request contains the token. `FIRST` is the module of the contestant. */
import { first } from 'FIRST'

export default {
  async fetch(request) {
    const { sub } = await first(await request.json())
    return new Response(typeof sub)
  },
}
