/**
 * What the core is in the middle of. A call may be broken off there – by a want of memory, or by a host that terminates a script – and
 * nothing of it is undone; what comes after must not take it for whole.
 */

/** Nothing is under way. */
const IDLE = 0
/** The core computes. */
const BUSY = 1
/** The core waits for the host's answer, which may ask the core for something. */
const ASKING = 2
/** The core was broken off where it may have been writing its own memory: it is not used again. */
const BROKEN = 3
let state = IDLE

/** What to do about the core, of its exports. */
interface Exports {
  /** Where the core's own stack stands. */
  readonly __stack_pointer: WebAssembly.Global<'i32'>
  /** Ends as for want of room on the host's stack where a call would. */
  findRoom(): number
}

let core: Exports
/** Where the core's own stack stands when nothing is under way. */
let top: number

/** Takes the exports of the one instance. */
export function watch(exports: Exports): void {
  core = exports
  top = core.__stack_pointer.value
}

/** No call takes as much of the core's own stack, in bytes. */
const DEEPEST = 1 << 16

/** Before each call. Throws where the core is not in order; gives what {@link left} and {@link failed} want back. */
export function enter(): number {
  if (state !== IDLE) settle()
  // Where the host's stack is too full, it ends here: nothing was begun.
  core.findRoom()
  return again()
}

/** The same for a call that follows another from the same place, where there is room then. */
export function again(): number {
  const before = state
  if (before === BUSY || before === BROKEN) settle()
  state = BUSY
  return before
}

function settle(): void {
  // Who terminated a script in its answer to the core left it there: the stack tells, which every such answer takes some of.
  if (state === ASKING && top - core.__stack_pointer.value <= DEEPEST) return
  state = BROKEN
  throw new Error('a script was terminated in the middle of the core, which is not used any more: load the package anew')
}

/** After each call that came back. */
export function left(before: number): void {
  state = before
}

/** After each call that did not: gives what it threw. */
export function failed(thrown: unknown, before: number): unknown {
  // The host's stack ran out, which may be anywhere. All else is thrown by the core itself, whose memory is in order then.
  if (/^(Range|Internal)Error$/.test((thrown as Error).name)) state = BROKEN
  else {
    state = before
    if (before === IDLE) core.__stack_pointer.value = top
  }
  return thrown
}

/** While `answer` is called by the core. */
export function asking<T>(answer: () => T): T {
  state = ASKING
  const answered = answer()
  state = BUSY
  return answered
}
