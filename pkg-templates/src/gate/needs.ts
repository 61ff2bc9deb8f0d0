/** Checks the needs of a request, and remembers those that were checked before. */
import { callable, list, Options } from '../base/options.js'
import { jsonOf, record } from '../base/record.js'
import type { WaitUntil } from '../remote/remote_key_set.js'
import { noNeeds } from '../verify/engine.js'
import type { Needs } from '../wasm/bindings.js'
import { boot } from '../wasm/instance.js'
import type { Authorize, GateNeeds } from './types.js'

/** A rule about a request. */
export type Rule = Authorize['rule']

/** The needs of one request, checked. */
export interface CheckedNeeds {
  readonly checked: Needs
  readonly waitUntil: WaitUntil | undefined
  readonly rule: Rule | undefined
  /** The scopes to ask for in a challenge, joined by spaces: all of `scopes`, and the first of `anyScope`. */
  readonly scope: string
}

/** Needs are written as literals at each call: those that were seen before are not checked and sent over again. */
export function rememberedNeeds(): (needs: GateNeeds) => CheckedNeeds {
  const LIMIT = 100
  const seen = new Map<string, Needs>()
  const remembered = (text: string) => {
    let checked = seen.get(text)
    if (checked === undefined) {
      checked = boot().bindings.Needs.fromLists(text)
      if (seen.size >= LIMIT) seen.clear()
      seen.set(text, checked)
    }
    return checked
  }
  return (needs) => {
    const given = new Options('check', needs, NEED_NAMES)
    const fields: Record<string, string[]> = record({})
    for (const name of LIST_NAMES) {
      const needed = given.read(name, list)
      if (needed !== undefined) fields[name] = needed
    }
    const waitUntil = given.read('waitUntil', callable<WaitUntil>)
    const rule = given.read('authorize', callable<Rule>)
    const checked = Object.keys(fields).length === 0 ? noNeeds() : remembered(jsonOf(fields))
    const { scopes = [], anyScope = [] } = fields
    const scope = [...new Set([...scopes, ...anyScope.slice(0, 1)])].join(' ')
    return { checked, waitUntil, rule, scope }
  }
}

const LIST_NAMES = ['scopes', 'anyScope', 'permissions', 'roles']
const NEED_NAMES = [...LIST_NAMES, 'authorize', 'waitUntil']
