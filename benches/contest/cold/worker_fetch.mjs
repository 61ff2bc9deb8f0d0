/** A worker that only fetches the key set. */
export default {
  async fetch() {
    const { keys } = await (await fetch(TASK.jwksUri)).json()
    return new Response(typeof keys[0].kid)
  },
}
