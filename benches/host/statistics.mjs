/** The median and the quartiles of many times. */

export function median(values) {
  return quantile(sorted(values), 0.5)
}

/** The tenth percentile: the result of a run without disturbance. */
export function tenth(values) {
  return quantile(sorted(values), 0.1)
}

/** The median, and the quartiles: half of all measurements lie between them. */
export function summary(values) {
  const ordered = sorted(values)
  return { median: quantile(ordered, 0.5), low: quantile(ordered, 0.25), high: quantile(ordered, 0.75) }
}

/** The summaries of several runs as one: the median of each number. */
export function together(summaries) {
  const of = (name) => median(summaries.map((one) => one[name]))
  return { median: of('median'), low: of('low'), high: of('high') }
}

/** How much faster the first is, from times of the same rounds: each round is one comparison. */
export function ratio(ours, theirs) {
  return summary(ours.map((time, round) => theirs[round] / time))
}

function sorted(values) {
  if (values.length === 0) throw new Error('nothing was measured')
  return [...values].sort((a, b) => a - b)
}

function quantile(ordered, share) {
  const place = (ordered.length - 1) * share
  const below = ordered[Math.floor(place)]
  return below + (ordered[Math.ceil(place)] - below) * (place % 1)
}
