/** Times as text. */

/** A time in the reader's language and time zone; `undefined` for one that no `Date` holds. `seconds` counts from 1970. */
export function localTime(seconds: number): string | undefined {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? undefined : date.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' })
}

/** The time left until `exp`, or since then, in the two largest units. */
export function timeLeft(exp: number, now: number): string {
  const left = Math.round(exp - now)
  const size = Math.abs(left)
  const parts: [number, string][] = [
    [Math.floor(size / 86_400), 'd'],
    [Math.floor(size / 3600) % 24, 'h'],
    [Math.floor(size / 60) % 60, 'min'],
    [size % 60, 's'],
  ]
  const first = parts.findIndex(([count]) => count !== 0)
  const shown = first === -1 ? parts.slice(-1) : parts.slice(first, first + 2).filter(([count]) => count !== 0)
  const text = shown.map(([count, unit]) => `${count} ${unit}`).join(' ')
  return left > 0 ? `${text} left` : `Expired ${text} ago`
}
