/** A time span as people write it enters, seconds leave. The words are jose's. */
import { misuse } from './refusal.js'

/** A time span: a number of seconds, or text such as `30s`, `5 minutes`, `2h`, `1.5 days`. */
export type Duration = number | string

/** The seconds of `value`; `name` is the option that it stands in. */
export function seconds(name: string, value: unknown): number {
  const span = typeof value === 'string' ? spelled(value) : value
  if (typeof span !== 'number' || !Number.isFinite(span) || span < 0) {
    throw misuse(name, 'must be a number of seconds, not below 0, or text such as `5 minutes`')
  }
  return span
}

const SPAN = /^\+? ?(\d+(?:\.\d+)?) ?([a-z]+)(?: from now)?$/i

const UNITS: ReadonlyArray<readonly [seconds: number, words: readonly string[]]> = [
  [1, ['s', 'sec', 'secs', 'second', 'seconds']],
  [60, ['m', 'min', 'mins', 'minute', 'minutes']],
  [3_600, ['h', 'hr', 'hrs', 'hour', 'hours']],
  [86_400, ['d', 'day', 'days']],
  [604_800, ['w', 'week', 'weeks']],
  // A Julian year, as jose counts it.
  [31_557_600, ['y', 'yr', 'yrs', 'year', 'years']],
]

function spelled(text: string): number {
  const [, amount = '', word = ''] = SPAN.exec(text) ?? []
  const unit = UNITS.find(([, words]) => words.includes(word.toLowerCase()))
  return unit === undefined ? Number.NaN : Math.round(Number(amount) * unit[0])
}
