import { verdict } from './verdict.js'

export default {
  async fetch() {
    return new Response(await verdict())
  },
}
