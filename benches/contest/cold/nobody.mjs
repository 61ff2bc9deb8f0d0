/** What a worker costs that verifies nothing. */
export async function first({ token }) {
  return { sub: token.slice(0, 3) }
}
