/** Draws the tokens verified per second: a panel for each algorithm, in light and dark. */
import { NAMES } from './names.mjs'
import { time } from './page_parts.mjs'

const WIDTH = 840
const PANEL = { width: 400, title: 30, bar: 19, gap: 40 }
const LABEL = 138
const NUMBER = 66
const HEAD = 58
const FOOT = 34
const HOW =
  'One at a time, one key, tokens of about 1 KB, issuer, audience and times checked. Each panel has its own scale.'

/** The entrants of each bar, and its label. */
const BARS = [
  ['jotgate', ['jotgate verify', 'jotgate verifySync']],
  ['fast-jwt', ['fast-jwt']],
  ['jsonwebtoken', ['jsonwebtoken']],
  ['aws-jwt-verify', ['aws-jwt-verify']],
  ['jose', ['jose']],
  ['hono/jwt', ['hono/jwt']],
  ['cloudflare-worker-jwt', ['@tsndr/cloudflare-worker-jwt']],
]

/** Returns `undefined` if none of the runtimes was measured. */
export function picture(summary, { algorithms }) {
  const runtime = ['node24', 'node20', 'bun', 'deno', 'workerd', 'chromium', 'firefox'].find(
    (name) => summary.contests[name]?.length > 0,
  )
  if (runtime === undefined) return undefined
  const panels = algorithms.map((algorithm) => ({ algorithm, bars: bars(summary.contests[runtime], algorithm) }))
  const shown = panels.filter(({ bars }) => bars.length > 0)
  if (shown.length === 0) return undefined
  const height = PANEL.title + BARS.length * PANEL.bar
  const rows = Math.ceil(shown.length / 2)
  const total = HEAD + rows * (height + PANEL.gap) - PANEL.gap + FOOT
  const version = summary.runtimes[runtime]
  const title = `Tokens verified per second in ${NAMES[runtime]}`
  const drawn = shown.map(({ algorithm, bars }, place) => {
    const x = (place % 2) * (WIDTH - PANEL.width)
    const y = HEAD + Math.floor(place / 2) * (height + PANEL.gap)
    return `<g transform="translate(${x} ${y})">\n${panel(algorithm, bars)}\n</g>`
  })
  const description = shown.map(
    ({ algorithm, bars }) => `${algorithm}: ${bars.map(({ name, rate }) => `${name} ${short(rate)}`).join(', ')}`,
  )
  const size = `viewBox="0 0 ${WIDTH} ${total}" width="${WIDTH}" height="${total}"`
  const about = `${NAMES[runtime].replace(/ \d+$/, '')} ${version}, ${summary.machine.processor}, ${summary.made.slice(0, 10)}`
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-labelledby="title description">
<title id="title">${safe(title)}</title>
<desc id="description">${safe(description.join('; '))}</desc>
<style>
text { font: 12px system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #59636e }
.head { font-size: 18px; font-weight: 600; fill: #1f2328 }
.panel { font-size: 14px; font-weight: 600; fill: #1f2328 }
.ours { font-weight: 600; fill: #1f2328 }
.end { text-anchor: end }
.bar { fill: #c2cad3 }
.bar.own { fill: #0969da }
@media (prefers-color-scheme: dark) {
text { fill: #9198a1 }
.head, .panel, .ours { fill: #f0f6fc }
.bar { fill: #484f58 }
.bar.own { fill: #4493f8 }
}
</style>
<text class="head" x="0" y="20">${safe(title)}</text>
<text x="0" y="40">${HOW}</text>
${drawn.join('\n')}
<text x="0" y="${total - 8}">${safe(about)}</text>
</svg>
`
}

function bars(cells, algorithm) {
  const cell = cells.find(
    (one) => one.algorithm === algorithm && one.keys === 1 && one.tokens === 'fresh' && one.inFlight === 1,
  )
  if (cell === undefined) return []
  const all = BARS.map(([name, ids]) => ({ name, ids, microseconds: time(cell, ids) }))
  const rates = all.filter(({ microseconds }) => microseconds !== undefined)
  return rates
    .map(({ name, microseconds }) => ({ name, rate: 1e6 / microseconds, own: name === 'jotgate' }))
    .sort((a, b) => b.own - a.own || b.rate - a.rate)
}

function panel(algorithm, bars) {
  const most = Math.max(...bars.map(({ rate }) => rate))
  const room = PANEL.width - LABEL - NUMBER
  const lines = bars.map(({ name, rate, own }, place) => {
    const y = PANEL.title + place * PANEL.bar
    const width = Math.max(1, (rate / most) * room)
    return [
      `<text class="end${own ? ' ours' : ''}" x="${LABEL - 8}" y="${y + 4}">${safe(name)}</text>`,
      `<rect class="bar${own ? ' own' : ''}" x="${LABEL}" y="${y - 6}" width="${width.toFixed(1)}" height="12"/>`,
      `<text${own ? ' class="ours"' : ''} x="${(LABEL + width + 6).toFixed(1)}" y="${y + 4}">${short(rate)}</text>`,
    ].join('')
  })
  return [`<text class="panel" x="${LABEL}" y="10">${algorithm}</text>`, ...lines].join('\n')
}

function short(rate) {
  return rate >= 9_950 ? `${Math.round(rate / 1_000)},000` : `${(Math.round(rate / 100) * 100).toLocaleString('en')}`
}

function safe(text) {
  return text.replace(/[&<>"]/g, (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[character])
}
