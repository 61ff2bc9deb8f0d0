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
/** Where it stands while the core waits for an answer. */
let base: number

/** Takes the exports of the one instance. */
export function watch(exports: Exports): void {
  core = exports
  top = core.__stack_pointer.value
}

/** The end of the core's own stack that no call may reach, in bytes: none takes as much. It grows from 1 MiB down to 0. */
const RESERVE = 1 << 17

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
  // A script that was terminated in its answer to the core left it so, in order: each such answer takes some of the stack for good.
  if (state === ASKING && core.__stack_pointer.value >= RESERVE) return
  throw broken()
}

function broken(): Error {
  state = BROKEN
  return new Error('a script was terminated in the middle of the core, which is not used any more: load the package anew')
}

/** After each call that came back. */
export function left(before: number): void {
  state = before
}

/** After each call that did not: gives what it threw. */
export function failed(thrown: unknown, before: number): unknown {
  // The host's stack ran out, which may be anywhere. All else is thrown by the core itself, whose memory is in order then.
  if (state === BROKEN || /^(Range|Internal)Error$/.test((thrown as Error | null)?.name ?? '')) state = BROKEN
  else {
    state = before
    core.__stack_pointer.value = before === IDLE ? top : base
  }
  return thrown
}

/** While `answer` is called by the core. */
export function asking<T>(answer: () => T): T {
  state = ASKING
  base = core.__stack_pointer.value
  const answered = answer()
  // A script that is to be terminated by now – hosts don't interrupt their cryptography – is so here, where the core is in order.
  try {
    core.findRoom()
  } catch {
    // There was room enough before.
  }
  // Within the answer the core was called, and was broken off.
  if (state !== ASKING) throw broken()
  state = BUSY
  return answered
}
