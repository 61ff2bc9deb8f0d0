/** The time line: `iat`, `nbf`, `exp`, the leeway, and the time of evaluation. */
import type { Report } from '../../pkg-templates/src/inspect/report.js'
import { s } from './dom.js'

/** The times of a token that the line shows, in seconds. */
export interface Times {
  readonly iat?: number
  readonly nbf?: number
  readonly exp?: number
}

/** The times of a report's token; Returns `undefined` if it has none. */
export function timesOf(report: Report): Times | undefined {
  const found: Record<string, number> = {}
  for (const claim of report.token?.claims ?? []) {
    if ((claim.name === 'iat' || claim.name === 'nbf' || claim.name === 'exp') && claim.time !== undefined) found[claim.name] = claim.time.seconds
  }
  return Object.keys(found).length === 0 ? undefined : found
}

/** The start and end of the line, in seconds: the token's times and the evaluation, with a margin at both ends. */
export function range(times: Times, now: number): [number, number] {
  const all = [...Object.values(times), now] as number[]
  const [first, last] = [Math.min(...all), Math.max(...all)]
  const margin = Math.max(60, (last - first) * 0.15)
  return [first - margin, last + margin]
}

/** Draws the line, `width` CSS pixels wide, so that its text keeps its size. */
export function timeline(times: Times, now: number, tolerance: number, width: number): SVGElement {
  const full = Math.max(240, width)
  const [from, to] = range(times, now)
  const x = (time: number) => 12 + ((time - from) / (to - from)) * (full - 24)
  const start = times.nbf ?? times.iat ?? from
  const end = times.exp ?? to
  const label = (name: string, time: number, above: boolean, kind: string) => {
    const at = x(time)
    const anchor = at < 60 ? 'start' : at > full - 60 ? 'end' : 'middle'
    return [
      s('line', { x1: at, x2: at, y1: above ? 30 : 44, y2: above ? 44 : 58, class: kind }),
      s('text', { x: at, y: above ? 22 : 74, 'text-anchor': anchor, class: kind === 'now' ? 'now-text' : '' }, name),
    ]
  }
  const groups: Record<number, string[]> = {}
  for (const [name, time] of Object.entries(times) as [string, number][]) (groups[time] ??= []).push(name)
  const words = Object.entries(times).map(([name, time]) => `${name} ${new Date(time * 1000).toISOString()}`)
  return s(
    'svg',
    { viewBox: `0 0 ${full} 84`, class: 'timeline', role: 'img', 'aria-label': `Time line: ${words.join(', ')}, evaluated at ${new Date(now * 1000).toISOString()}` },
    s('line', { x1: x(from), x2: x(to), y1: 44, y2: 44, class: 'base' }),
    tolerance > 0 && end > start && s('line', { x1: x(start - tolerance), x2: x(end + tolerance), y1: 44, y2: 44, class: 'leeway' }),
    end > start && s('line', { x1: x(start), x2: x(end), y1: 44, y2: 44, class: 'valid' }),
    Object.entries(groups).flatMap(([time, names]) => label(names.join(', '), Number(time), false, 'tick')),
    label('evaluated', now, true, 'now'),
  )
}

/** The time left until `exp`, for people. */
export function timeLeft(exp: number, now: number): string {
  const left = Math.round(exp - now)
  const size = Math.abs(left)
  const parts = [
    [Math.floor(size / 86_400), 'd'],
    [Math.floor(size / 3600) % 24, 'h'],
    [Math.floor(size / 60) % 60, 'min'],
    [size % 60, 's'],
  ].filter(([count], index, all) => count !== 0 || index === all.length - 1) as [number, string][]
  const text = parts.slice(0, 2).map(([count, unit]) => `${count} ${unit}`).join(' ')
  return left > 0 ? `${text} left` : `Expired ${text} ago`
}
