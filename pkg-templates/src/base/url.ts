/** Text enters, the URL that it spells leaves, if it is one that keys or pages can have. */

/** The absolute URL that the text spells, whatever its scheme. */
export function absoluteUrl(text: string | URL): URL | undefined {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}

/** Whether its scheme is `http:` or `https:`. */
export function isWeb({ protocol }: URL): boolean {
  return protocol === 'https:' || protocol === 'http:'
}

/** Whether a user name or a password stands in it. */
export function holdsCredentials({ username, password }: URL): boolean {
  return username + password !== ''
}

/** The text with its URLs reduced to what a log may hold: no user, no query, no fragment. */
export function bareUrls(text: string): string {
  return text.replace(/(https?:\/\/)(?:[^\s/?#"]*@)?([^\s?#"]*)(?:[?#][^\s"]*)?/gi, '$1$2')
}

/** The absolute `http:` or `https:` URL without credentials that the text spells. */
export function webUrl(text: string): URL | undefined {
  const url = absoluteUrl(text)
  return url !== undefined && isWeb(url) && !holdsCredentials(url) ? url : undefined
}
