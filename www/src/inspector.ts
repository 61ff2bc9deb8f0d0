/** The part of the page that is loaded after the first paint: the inspector and all that shows its report. */
import { inspect, ready } from '../../pkg-templates/src/inspect.js'
import type { InspectNeeds, InspectOptions, InspectPolicy, KeyText } from '../../pkg-templates/src/inspect/options.js'
import type { Report } from '../../pkg-templates/src/inspect/report.js'
import { answerCard } from './answer_view.js'
import { banner } from './banner_view.js'
import { CLOCK_TOLERANCE, configuration } from './configuration.js'
import { byId, copyButton, h, show, showKeepingOpen } from './dom.js'
import { addressIn, showKeySources, type Sources } from './key_sources.js'
import { type Literal, readOptions } from './options_text.js'
import { contentCards, detailCards, tokenView, verdictCards } from './report_view.js'
import { makeSample, type Sample } from './samples.js'
import { fragmentOf, shareableKeys, shareableText, sharedFrom, type Shared } from './share.js'
import { showSpa } from './spa_view.js'
import { range, timeline, type Times, timesOf } from './timeline.js'
import { localTime, timeLeft } from './times_text.js'
import { startWalk } from './walk.js'

/** What the module costs, as the build measured it. */
declare const COST: string

const FIELDS = ['text', 'keys', 'issuer', 'audience', 'algorithms', 'tolerance', 'needs'] as const
type Field = (typeof FIELDS)[number]
const field = (name: Field) => byId<HTMLInputElement | HTMLTextAreaElement>(name)
const words = (text: string): string[] => text.split(/[\s,]+/).filter((word) => word !== '')
/** How long typing has to rest before the text is read again, in milliseconds. */
const REST = 120

/** Whether this is the single file, which fetches nothing. */
const isSingle = document.documentElement.dataset['single'] !== undefined
/** The time of evaluation, in seconds; `undefined` is now. */
let at: number | undefined
/** Options of a pasted call that have no field of their own. */
let more: InspectPolicy = {}
let ofVerifier = false
const sources: Sources = { keys: [] }
let report: Report | undefined
let times: Times | undefined
/** The sample that the fields were filled from, until another token is pasted. */
let sample: Sample | undefined
/** The default types of a gate's policy (RFC 9068 §4). */
const GATE_TYPES = ['JWT', 'at+jwt']

/** Starts the inspector and connects it with the page's fields. */
export async function start(): Promise<void> {
  await ready()
  byId('cost').textContent = COST
  const shared = sharedFrom(location.hash)
  if (location.hash !== '') history.replaceState(null, '', location.pathname + location.search)
  if (shared !== undefined) fill(shared)

  let timer: ReturnType<typeof setTimeout> | undefined
  const soon = () => {
    clearTimeout(timer)
    timer = setTimeout(update, REST)
  }
  field('text').addEventListener('input', leaveSample)
  for (const name of FIELDS) field(name).addEventListener('input', soon)
  // On a narrow screen the verdict may be below the window.
  field('text').addEventListener('paste', () => setTimeout(showBanner, 2 * REST))
  byId('earlier').addEventListener('input', soon)
  byId('options').addEventListener('input', readPastedOptions)
  byId('clear').addEventListener('click', () => {
    forgetSample()
    field('text').value = ''
    at = undefined
    update()
    field('text').focus()
  })
  const samples = byId<HTMLSelectElement>('sample')
  samples.addEventListener('change', () => void showSample(samples.value).then(showBanner))
  byId('banner').addEventListener('click', ({ target }) => {
    const name = (target as HTMLElement).dataset['sample']
    if (name === undefined) return
    samples.value = name
    void showSample(name)
    byId('banner').focus()
  })
  byId('at').addEventListener('change', ({ target }) => {
    const time = new Date((target as HTMLInputElement).value).getTime()
    at = Number.isNaN(time) ? undefined : time / 1000
    update()
  })
  byId('at-now').addEventListener('click', () => {
    at = undefined
    update()
  })
  byId('slide').addEventListener('input', ({ target }) => {
    if (times === undefined) return
    const [from, to] = range(times, Date.now() / 1000)
    at = Math.round(from + ((to - from) * Number((target as HTMLInputElement).value)) / 1000)
    update()
  })
  byId('share-make').addEventListener('click', makeLink)
  if (!isSingle) byId('walk-start').addEventListener('click', () => startWalk(byId('steps'), byId<HTMLInputElement>('resource').value, inspect))
  setInterval(countDown, 1000)
  addEventListener('resize', showTimes)
  update()
  // The reader may have chosen a sample before this script was loaded.
  if (field('text').value === '') void showSample(samples.value)
}

/** Makes a sample and shows it, with the fields that belong to it. */
async function showSample(name: string): Promise<void> {
  if (name === '') return
  const made = await makeSample(name).catch(() => undefined)
  at = undefined
  more = {}
  sample = made
  fill({ issuer: '', audience: '', algorithms: '', tolerance: `${CLOCK_TOLERANCE}`, needs: '', ...(made ?? { text: '', keys: '' }) })
  update()
  if (made === undefined) {
    const help = 'This browser cannot make a key for it. Choose another sample, or paste a token.'
    byId('banner').className = 'banner fails'
    show(byId('banner'), h('h2', { id: 'verdict' }, 'The sample could not be made'), h('p', {}, help))
  }
}

/** Scrolls no further than needed to show the banner. */
function showBanner(): void {
  byId('banner').scrollIntoView({ block: 'nearest' })
}

/** Removes the sample's keys and expectations once the text contains no part of its token: they say nothing about another one. */
function leaveSample(): void {
  const text = field('text').value
  if (sample === undefined || text.trim() === '') return
  const parts = inspect(sample.text).token?.parts.map(({ start, end }) => sample?.text.slice(start, end)) ?? []
  if (parts.some((part) => part !== undefined && part !== '' && text.includes(part))) return
  forgetSample()
  at = undefined
}

/** Empties the fields that still contain what the sample filled in. */
function forgetSample(): void {
  for (const name of FIELDS) {
    const filled = sample?.[name as keyof Sample]
    if (name !== 'text' && filled !== undefined && filled !== '' && field(name).value === filled) field(name).value = ''
  }
  sample = undefined
  byId<HTMLSelectElement>('sample').value = ''
}

/** Fills the named fields and keeps the others. */
function fill(shared: Partial<Shared>): void {
  for (const name of FIELDS) {
    const value = shared[name]
    if (value !== undefined) field(name).value = value
  }
  if (shared.at !== undefined) at = shared.at
}

/** The expectations that were entered. */
function entered() {
  return {
    issuer: words(field('issuer').value),
    audience: words(field('audience').value),
    algorithms: words(field('algorithms').value),
    tolerance: Math.max(0, Number(field('tolerance').value) || 0),
    needs: words(field('needs').value),
  }
}

function optionsNow(): InspectOptions {
  const { issuer, audience, algorithms, tolerance, needs } = entered()
  // The gate's defaults: RFC 9068 types or none, and no token that is bound to a key without its proof.
  const gate: InspectPolicy = ofVerifier ? {} : { typ: GATE_TYPES, typOptional: true, refuseBound: true }
  const policy: InspectPolicy = {
    ...gate,
    ...more,
    ...(issuer.length > 0 && { issuer }),
    ...(audience.length > 0 && { audience }),
    ...(algorithms.length > 0 && { algorithms }),
    ...(tolerance > 0 && { clockTolerance: tolerance }),
  }
  const keys: KeyText[] = []
  const own = field('keys').value
  // An address instead of keys can be fetched; the single file fetches nothing and shows what is wrong.
  if (own.trim() !== '' && (isSingle || addressIn(own) === undefined)) keys.push({ text: own, from: 'entered' })
  for (const { url, text } of sources.keys) keys.push({ text, url, from: 'fetched' })
  const earlier = byId<HTMLTextAreaElement>('earlier').value
  if (earlier.trim() !== '') keys.push({ text: earlier, from: 'earlier' })
  const wanted: InspectNeeds = needs.length > 0 ? { scopes: needs } : {}
  return {
    policy,
    keys,
    ...(needs.length > 0 && { needs: wanted }),
    now: at ?? Math.floor(Date.now() / 1000),
    ...(sources.metadata !== undefined && { metadata: sources.metadata.text }),
  }
}

/** Reads everything again and shows it. */
function update(): void {
  const text = field('text').value
  const options = optionsNow()
  const needs = words(field('needs').value)
  const current = inspectRequest(text, options)
  report = current
  const typ = options.policy?.typ ?? []
  const { state, children } = banner(current, text, { ...entered(), typ: typeof typ === 'string' ? [typ] : typ })
  if (at !== undefined && current.token !== undefined) children.push(h('p', { class: 'note' }, `Evaluated at ${localTime(at) ?? at}, not now.`))
  const element = byId('banner')
  element.className = `banner ${state}`
  // The same words are not announced again.
  if (element.textContent !== children.map(({ textContent }) => textContent).join('')) show(element, children)
  show(byId('verdicts'), verdictCards(current.verdicts, current.refusal?.code, current.cause?.action))
  show(byId('token'), tokenView(text, current.token))
  showKeepingOpen(byId('contents'), contentCards(current))
  showKeepingOpen(byId('details'), detailCards(current))
  void answerCard(current, needs).then((shown) => report === current && show(byId('answer'), shown))
  showTimes()
  showSpa(byId('spa'), current, (changed) => inspect(changed, options), needs, COST)
  showConfiguration(current)
  if (!isSingle) showKeySources(byId('key-sources'), current, sources, addressIn(field('keys').value), takeFetched)
}

/** The report. A bound token with its DPoP proof is judged as by a gate that checks proofs. */
function inspectRequest(text: string, options: InspectOptions): Report {
  const current = inspect(text, options)
  if (current.dpop === undefined || current.refusal?.code !== 'confirmation_not_enforced') return current
  return inspect(text, { ...options, policy: { ...options.policy, refuseBound: false } })
}

/** Shows the report with what was fetched. An address in the field of the keys has served its purpose then. */
function takeFetched(): void {
  const address = addressIn(field('keys').value)
  if ([sources.metadata, ...sources.keys].some((fetched) => fetched !== undefined && fetched.url === address)) field('keys').value = ''
  update()
}

function showTimes(): void {
  times = report === undefined ? undefined : timesOf(report)
  byId('times').hidden = times === undefined
  if (times === undefined) return
  const now = at ?? Date.now() / 1000
  show(byId('timeline'), timeline(times, now, entered().tolerance, byId('timeline').clientWidth) as unknown as HTMLElement)
  const moment = new Date(now * 1000)
  if (!Number.isNaN(moment.getTime())) {
    const local = new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000)
    byId<HTMLInputElement>('at').value = local.toISOString().slice(0, 19)
  }
  const [from, to] = range(times, Date.now() / 1000)
  byId<HTMLInputElement>('slide').value = String(Math.round(((now - from) / (to - from)) * 1000))
  countDown()
}

/** Counts the time left; once a token has expired, the verdict is made again. */
function countDown(): void {
  if (times?.exp === undefined) return
  const now = at ?? Date.now() / 1000
  const text = timeLeft(times.exp, now)
  const was = byId('left').textContent ?? ''
  byId('left').textContent = text
  if (at === undefined && was.endsWith('left') && !text.endsWith('left')) update()
}

function showConfiguration(current: Report): void {
  if (current.token === undefined) return show(byId('configuration'))
  const { text, proven } = configuration(current, entered())
  show(
    byId('configuration'),
    h('h2', {}, 'A gate for this token'),
    h('p', { class: 'help' }, proven ? 'Issuer, audience and algorithm come from what you entered, else from the token: its signature matches your key.' : 'The values come from what you entered. The token’s own are left out until its signature matches a key of yours.'),
    h('pre', { class: 'http', tabindex: 0, role: 'region', 'aria-label': 'The configuration' }, text),
    h('div', { class: 'tools' }, copyButton(() => text)),
  )
}

/** Reads a pasted call into the fields, and shows what was not read. */
function readPastedOptions(): void {
  const text = byId<HTMLTextAreaElement>('options').value
  const element = byId('options-read')
  if (text.trim() === '') {
    more = {}
    ofVerifier = false
    show(element)
    return update()
  }
  try {
    const { values, left, of } = readOptions(text.slice(0, 65_536))
    ofVerifier = of === 'Verifier'
    const list = (value: Literal | undefined) => (Array.isArray(value) ? value : [value]).filter((item): item is string => typeof item === 'string').join(' ')
    const { issuer, audience, algorithms, clockTolerance, keys, ...rest } = values
    if (issuer !== undefined) field('issuer').value = list(issuer)
    if (audience !== undefined) field('audience').value = list(audience)
    if (algorithms !== undefined) field('algorithms').value = list(algorithms)
    const tolerance = clockTolerance ?? (ofVerifier ? 0 : CLOCK_TOLERANCE)
    if (typeof tolerance === 'number') field('tolerance').value = String(tolerance)
    if (keys !== undefined && keys !== null && typeof keys === 'object') field('keys').value = JSON.stringify(keys, null, 2)
    const known = Object.entries(rest).filter(([name]) => POLICY.has(name))
    more = Object.fromEntries(known) as InspectPolicy
    const unread = [...left, ...Object.keys(rest).filter((name) => !POLICY.has(name))]
    const read = Object.keys(values).filter((name) => !unread.includes(name))
    show(
      element,
      h('p', {}, `Read as ${of}: ${read.join(', ') || 'nothing'}.`),
      unread.length > 0 && h('p', { class: 'note' }, `Left out: ${unread.join(', ')}.`),
    )
  } catch (error) {
    show(element, h('p', { class: 'note' }, (error as Error).message))
  }
  update()
}

const POLICY = new Set(['subject', 'typ', 'requiredClaims', 'requireExp', 'maxTokenAge', 'crit', 'maxTokenLength', 'minSecretLength'])

function makeLink(): void {
  const element = byId('share-link')
  if (report?.token === undefined) return show(element, h('span', { class: 'note' }, 'There is no token to share yet.'))
  const keys = shareableKeys(report, field('keys').value)
  const signature = byId<HTMLInputElement>('share-signature').checked
  const { issuer, audience, algorithms, tolerance, needs } = Object.fromEntries(FIELDS.map((name) => [name, field(name).value])) as Record<Field, string>
  const fragment = fragmentOf({ text: shareableText(report, signature), ...(keys !== undefined && { keys }), issuer, audience, algorithms, tolerance, needs, ...(at !== undefined && { at }) })
  const link = `${location.origin}${location.pathname}${fragment}`
  show(
    element,
    h('a', { href: fragment }, 'The link'),
    ' ',
    copyButton(() => link, 'Copy the link'),
    keys === undefined && field('keys').value.trim() !== '' && h('span', { class: 'help' }, ' Your keys are not in it: at least one is secret or private.'),
  )
}
