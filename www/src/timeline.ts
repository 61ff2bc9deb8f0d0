/** The time line: `iat`, `nbf`, `exp`, the leeway, and the time of evaluation. */
import type { Report } from '../../pkg-templates/src/inspect/report.js'
import { s } from './dom.js'

/** The width of a label such as `nbf,`, in CSS pixels. */
const LABEL_WIDTH = 34

/** The times of a token that the line shows, in seconds. */
export interface Times {
  readonly iat?: number
  readonly nbf?: number
  readonly exp?: number
}

/** The times of a report's token. Returns `undefined` if it has none. */
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
  const tick = (time: number, above: boolean, kind: string) => s('line', { x1: x(time), x2: x(time), y1: above ? 30 : 44, y2: above ? 44 : 58, class: kind })
  const label = (name: string, at: number, above: boolean, kind: string) => {
    const anchor = at < 60 ? 'start' : at > full - 60 ? 'end' : 'middle'
    return s('text', { x: at, y: above ? 22 : 74, 'text-anchor': anchor, class: kind }, name)
  }
  // Times whose labels would touch share one.
  const labels: { names: string[]; at: number }[] = []
  for (const [name, time] of (Object.entries(times) as [string, number][]).sort(([, one], [, other]) => one - other)) {
    const last = labels.at(-1)
    if (last !== undefined && x(time) - last.at < LABEL_WIDTH * last.names.length) last.names.push(name)
    else labels.push({ names: [name], at: x(time) })
  }
  const words = Object.entries(times).map(([name, time]) => `${name} ${new Date(time * 1000).toISOString()}`)
  return s(
    'svg',
    { viewBox: `0 0 ${full} 84`, class: 'timeline', role: 'img', 'aria-label': `Time line: ${words.join(', ')}, evaluated at ${new Date(now * 1000).toISOString()}` },
    s('line', { x1: x(from), x2: x(to), y1: 44, y2: 44, class: 'base' }),
    tolerance > 0 && end > start && s('line', { x1: x(start - tolerance), x2: x(end + tolerance), y1: 44, y2: 44, class: 'leeway' }),
    end > start && s('line', { x1: x(start), x2: x(end), y1: 44, y2: 44, class: 'valid' }),
    Object.values(times).map((time: number) => tick(time, false, 'tick')),
    labels.map(({ names, at }) => label(names.join(', '), at, false, '')),
    tick(now, true, 'now'),
    label('evaluated', x(now), true, 'now-text'),
  )
}
