/** The loader of key sets. */
import { record } from '../base/record.js'
import { KeySet, publicText, skippedText } from '../keys/key_set.js'
import { invalid } from './fetch_text.js'
import { Loader } from './loader.js'
import type { Kind, LoaderOptions } from './source_options.js'

/** A key set that is fetched when it is needed. */
export class KeySetLoader extends Loader<KeySet> {
  constructor(options: LoaderOptions) {
    super(options, KEY_SET)
  }
}

const KEY_SET: Kind<KeySet> = /* @__PURE__ */ record<Kind<KeySet>>({
  about: ['key_set', 'the key set'],
  read(answer, held) {
    const { text } = answer
    // The same text is not parsed again.
    if (held !== undefined && (text === undefined || text === held.text)) return held.set
    const set = new KeySet(text as string)
    if (set.size > 0) {
      // Private members are removed before the text is exported or cached.
      if (set.dropped.length > 0) answer.text = publicText(text as string)
      return set
    }
    const error = invalid('key_set_empty', `the key set contains no usable key${skippedText(set)}`)
    error.skipped = set.skipped
    throw error
  },
})
