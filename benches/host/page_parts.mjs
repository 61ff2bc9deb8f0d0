/** Formats numbers, tables and paragraphs. */

/** The shortest median of the given entrants; `undefined` if none was measured. */
export function time({ microseconds }, ids) {
  const times = ids.filter((id) => id in microseconds).map((id) => microseconds[id].median)
  return times.length === 0 ? undefined : Math.min(...times)
}

export function table(head, rows) {
  const line = (cells) => `| ${cells.map((cell) => `${cell}`.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), `|${head.map((_, place) => (place === 0 ? '---' : '--:')).join('|')}|`, ...rows.map(line)].join(
    '\n',
  )
}

/** Three significant digits. */
export function digits(value) {
  if (value >= 100) return value.toFixed(0)
  return value >= 10 ? value.toFixed(1) : value.toFixed(2)
}

/** The median, and below it the quartiles. */
export function spread({ median, low, high }) {
  return `${digits(median)} <sub>${digits(low)}–${digits(high)}</sub>`
}

export function kibibytes(bytes) {
  return `${(bytes / 1_024).toFixed(1)} KiB`
}

/** A paragraph with lines of at most 120 characters. */
export function prose(text) {
  return broken(text, '')
}

/** An item of a list. */
export function item(text) {
  return `- ${broken(text, '  ')}`
}

function broken(text, indent) {
  const lines = ['']
  const room = 120 - indent.length
  for (const word of text.trim().split(/\s+/)) {
    const line = lines.at(-1)
    if (line === '') lines[lines.length - 1] = word
    else if (line.length + 1 + word.length <= room) lines[lines.length - 1] = `${line} ${word}`
    else lines.push(word)
  }
  return lines.join(`\n${indent}`)
}
