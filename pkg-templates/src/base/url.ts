/** Parses URLs. */

/** Parses an absolute URL of any scheme. Returns `undefined` if the text is invalid. */
export function absoluteUrl(text: string | URL): URL | undefined {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}

/** Whether the scheme is `http:` or `https:`. */
export function isWeb({ protocol }: URL): boolean {
  return protocol === 'https:' || protocol === 'http:'
}

/** Whether the URL contains a user name or a password. */
export function holdsCredentials({ username, password }: URL): boolean {
  return username + password !== ''
}

/** Removes users, queries and fragments from the URLs in a text, so that it may be logged. */
export function bareUrls(text: string): string {
  return text.replace(/(https?:\/\/)(?:[^\s/?#"]*@)?([^\s?#"]*)(?:[?#][^\s"]*)?/gi, '$1$2')
}

/** Parses an absolute `http:` or `https:` URL without credentials. Returns `undefined` for other text. */
export function webUrl(text: string): URL | undefined {
  const url = absoluteUrl(text)
  return url !== undefined && isWeb(url) && !holdsCredentials(url) ? url : undefined
}

/** Whether the text is an absolute `https` URL, or an `http` URL on a loopback address. */
export function isTrustworthy(text: unknown): text is string {
  const url = typeof text === 'string' ? webUrl(text) : undefined
  return url !== undefined && (url.protocol === 'https:' || LOOPBACK.test(url.hostname))
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/
