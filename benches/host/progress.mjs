/**
 * Shows progress on standard error: the part, how far it is, and the remaining time. On a terminal in one line that
 * changes, elsewhere a line now and then.
 */
export class Progress {
  #parts
  #since = performance.now()
  #finished = 0
  #total
  #current
  #drawn = 0
  #moving = process.stderr.isTTY === true

  /** @param parts - `{ name, seconds }` in their order: how long each is expected to take */
  constructor(parts) {
    this.#parts = parts
    this.#total = parts.reduce((sum, { seconds }) => sum + seconds, 0)
  }

  begin(part) {
    this.#current = part
    this.tick(0, '')
  }

  /** How much of the part is done, 0 to 1, and its current step. */
  tick(done, note) {
    const now = performance.now()
    if (done > 0 && done < 1 && now - this.#drawn < (this.#moving ? 100 : 1_000)) return
    this.#drawn = now
    const share = (this.#finished + done * this.#current.seconds) / this.#total
    const place = this.#parts.indexOf(this.#current) + 1
    // The most important text comes first: a narrow terminal shows only the beginning.
    const text = [
      `${Math.round(share * 100)} %`,
      this.#left(share, now),
      `${this.#current.name} (${place} of ${this.#parts.length})`,
      note,
    ]
      .filter(Boolean)
      .join(' · ')
    process.stderr.write(this.#moving ? `\r\x1b[2K${text.slice(0, (process.stderr.columns ?? 80) - 1)}` : `${text}\n`)
  }

  end() {
    this.#finished += this.#current.seconds
    if (this.#moving) process.stderr.write('\r\x1b[2K')
  }

  /** A line that stays. */
  tell(text) {
    process.stderr.write(`${this.#moving ? '\r\x1b[2K' : ''}${text}\n`)
  }

  #left(share, now) {
    const spent = (now - this.#since) / 1000
    // An early estimate would change too often.
    if (spent < 5 || share < 0.01) return ''
    const seconds = (spent / share) * (1 - share)
    return seconds < 90 ? `${Math.round(seconds)} s left` : `${Math.round(seconds / 60)} min left`
  }
}
