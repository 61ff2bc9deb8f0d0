/** Writes a standard `Response` to a response of Node's `http`. */

/** The part of Node's `ServerResponse` that is used here. */
export interface NodeResponse {
  statusCode: number
  /** Whether the status and the header fields were already sent. */
  readonly headersSent?: boolean
  /** Closes the connection. */
  destroy?(): unknown
  setHeader(name: string, value: string | readonly string[]): unknown
  getHeader?(name: string): unknown
  end(body: Uint8Array): unknown
  getHeaderNames?(): string[]
  removeHeader?(name: string): unknown
}

/** Writes the response and ends it. */
export async function writeResponse(answer: Response, response: NodeResponse): Promise<void> {
  const { status, headers, body } = await nodeParts(answer)
  response.statusCode = status
  for (const [name, value] of headers) response.setHeader(name, value)
  response.end(body)
}

/** Splits a response into the pieces that Node writes. Only `Set-Cookie` fields cannot be joined into one. */
export async function nodeParts(response: Response) {
  const headers = new Map<string, string | string[]>(response.headers)
  const cookies = response.headers.getSetCookie()
  if (cookies.length > 0) headers.set('set-cookie', cookies)
  return { status: response.status, headers, body: new Uint8Array(await response.arrayBuffer()) }
}
