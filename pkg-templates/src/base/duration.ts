/** Parses time spans, in the forms that jose accepts. */
import { record } from './record.js'
import { optionError } from './refusal.js'

/** A time span: a number of seconds, or text such as `30s`, `5 minutes`, `2h`, `1.5 days`. */
export type Duration = number | string

/** Returns the seconds of a time span. `name` is the option. @throws `TypeError` if the value is not a time span */
export function seconds(name: string, value: unknown): number {
  const span = typeof value === 'string' ? parse(value) : value
  if (typeof span !== 'number' || !Number.isFinite(span) || span < 0) {
    throw optionError(name, 'must be a number of seconds, not below 0, or text such as `5 minutes`')
  }
  return span
}

/**
 * Returns a parser for time spans of at most `most` seconds. A longer one was probably given in milliseconds.
 *
 * @throws the parser throws `TypeError` if the value is not a time span, or too long
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

/** The seconds of each unit, by its first letter. A year is a Julian year, as in jose. */
const UNITS: Readonly<Record<string, number>> = record({ s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800, y: 31_557_600 })

function parse(text: string): number {
  const [, amount, word = ''] = SPAN.exec(text.toLowerCase()) ?? []
  return Math.round(Number(amount) * (UNITS[word.charAt(0)] ?? Number.NaN))
}
