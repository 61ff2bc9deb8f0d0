/** A time span as people write it enters, seconds leave. The words are jose's. */
import { record } from './record.js'
import { optionError } from './refusal.js'

/** A time span: a number of seconds, or text such as `30s`, `5 minutes`, `2h`, `1.5 days`. */
export type Duration = number | string

/** The seconds of `value`; `name` is the option that it stands in. */
export function seconds(name: string, value: unknown): number {
  const span = typeof value === 'string' ? spelled(value) : value
  if (typeof span !== 'number' || !Number.isFinite(span) || span < 0) {
    throw optionError(name, 'must be a number of seconds, not below 0, or text such as `5 minutes`')
  }
  return span
}

/**
 * A check for time spans of at most `most` seconds: a longer one may be in milliseconds.
 *
 * @throws the check throws `TypeError` if the value is no time span, or too long
 */
export function secondsUpTo(most: number): (name: string, value: unknown) => number {
  return (name, value) => {
    const span = seconds(name, value)
    if (span > most) throw optionError(name, `must be at most ${most} seconds: is it in seconds, not milliseconds?`)
    return span
  }
}

const SPAN =
  /^\+? ?(\d+(?:\.\d+)?) ?(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?|y|yrs?|years?)(?: from now)?$/

/** By the first letter of their words. A year is a Julian one, as jose counts it. */
const UNITS: Readonly<Record<string, number>> = record({ s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800, y: 31_557_600 })

function spelled(text: string): number {
  const [, amount, word = ''] = SPAN.exec(text.toLowerCase()) ?? []
  return Math.round(Number(amount) * (UNITS[word.charAt(0)] ?? Number.NaN))
}
