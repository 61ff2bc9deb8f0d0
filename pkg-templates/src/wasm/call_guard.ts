/**
 * Decides whether the core can be used after an interrupted call. A call is interrupted by an exhausted stack or memory, or by a runtime
 * that terminates a script. WebAssembly does not unwind, so memory may be half written.
 *
 *                beginCall
 *        ┌──────┐ ────────▶ ┌──────┐
 *        │ IDLE │           │ BUSY │
 *        └──────┘ ◀──────── └──────┘
 *                  endCall      │
 *                               │ abortCall: an exhausted stack, or a terminated script
 *                               ▼
 *                           BROKEN: every further call throws
 *
 * `probeStack` runs first. If the stack is too small, it overflows there, before the core has changed any memory. It does not run before the
 * first verdict, because engines would have to compile it; an overflow before that is BROKEN. If the core itself throws, its memory is
 * consistent, and `abortCall` restores the stack pointer. The core never calls other code.
 */

/** No call is running. */
const IDLE = 0
/** A call is running. A new call that finds this state follows one that was terminated. */
const BUSY = 1
/** A call was interrupted while the core may have been writing to its memory. The core must not be used any more. */
const BROKEN = 2
let state = IDLE

/** The exports that the guard needs. */
interface GuardExports {
  /** The stack pointer of the core's own stack. */
  readonly __stack_pointer: WebAssembly.Global<'i32'>
  /** Uses as much stack as any call, so that it overflows first. */
  probeStack(): number
}

let core: GuardExports
/** The stack pointer while no call is running. */
let idleStack: number
/** Whether the first verdict has begun. */
let isWarm = false

/** Begins to guard a new instance. */
export function guard(exports: GuardExports): void {
  state = IDLE
  core = exports
  idleStack = core.__stack_pointer.value
}

/** Begins a call. Throws if the core is unusable. */
export function beginCall(): void {
  if (state !== IDLE) throw broken()
  if (isWarm) core.probeStack()
  state = BUSY
}

/** Begins a call that follows another from the same function. The stack was probed for the first one, so it is not probed again. */
export function beginNextCall(): void {
  if (state !== IDLE) throw broken()
  isWarm = true
  state = BUSY
}

function broken(): Error {
  state = BROKEN
  const error = new Error('the WebAssembly core was interrupted and can no longer be used; reload the package')
  return Object.assign(error, { code: 'ERR_CORE_INTERRUPTED' })
}

/** Ends a call that returned. */
export function endCall(): void {
  state = IDLE
}

/** Ends a call that threw. Returns the thrown value. */
export function abortCall(thrown: unknown): unknown {
  // The stack may overflow at any point. The core throws all other errors itself, with its memory in a consistent state.
  if (/^(Range|Internal)Error$/.test((thrown as Error | null)?.name ?? '')) state = BROKEN
  else {
    state = IDLE
    core.__stack_pointer.value = idleStack
  }
  return thrown
}
