/** Reads options that take one or several values of another entry, such as `proof`. */
import { optionError } from './refusal.js'

/** Joins all values of an option. The first value has this function under the option's symbol. */
export type Join<Context, Result> = (values: readonly unknown[], context: Context) => Result

/** Returns the parser of such an option. `makers` names the functions that make its values. */
export function joined<Context, Result>(symbol: symbol, makers: string) {
  return (name: string, value: unknown): ((context: Context) => Result) => {
    const values: unknown[] = Array.isArray(value) ? value : [value]
    const join = (values[0] as { [symbol]?: Join<Context, Result> } | null | undefined)?.[symbol]
    if (!join) throw optionError(name, `must be made by ${makers}`)
    return (context) => join(values, context)
  }
}
