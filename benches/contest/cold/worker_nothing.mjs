/** A worker that verifies nothing: the cost of workerd itself. */
export default {
  async fetch(request) {
    return new Response(typeof request.headers.get('authorization'))
  },
}
