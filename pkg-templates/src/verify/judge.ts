/** What judges tokens, and what a judgement is. */
import type { ImportedKey } from '../keys/imported_key.js'
import type { WaitUntil } from '../remote/source_options.js'
import type { Needs } from '../wasm/bindings.js'
import type { Verdict } from '../wasm/calls.js'

/** A verdict, the key of a set that led to it, and of a verdict without waiting whether a fetch might bring its key. */
export type Judgement = Verdict & { readonly key: ImportedKey | undefined; readonly fetchable: boolean }

/** What judges tokens. */
export interface Judge {
  /** The verdicts on many tokens, those that {@link Judge.judge} has for each. */
  judgeBatch(tokens: readonly unknown[], needs: Needs): Promise<PromiseSettledResult<Judgement>[]>
  /** The verdict without waiting; throws where a remote set has not arrived yet. */
  judgeNow(token: unknown, needs: Needs): Judgement
  /** The verdict, after a fetch where the token needs a key that is not in hand; throws where that fails. */
  judge(token: unknown, needs: Needs, waitUntil: WaitUntil | undefined): Promise<Judgement>
}
