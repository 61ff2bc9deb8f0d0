/**
 * Keeps the core usable, or refuses to use it, after an interrupted call: by an exhausted stack or memory, or by a
 * runtime that terminates a script. WebAssembly does not unwind: what the call had half written remains.
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
 * `probeStack` runs first and overflows, if anything does, before the core has changed any memory. Until the first verdict
 * it does not run, because an engine would have to compile it: an overflow there is BROKEN. An error that the core throws
 * itself leaves its memory in order: `abortCall` restores the stack pointer. The core calls nothing outside.
 */

/** No call is running. */
const IDLE = 0
/** The core is computing. A call that finds this state follows one that was terminated. */
const BUSY = 1
/** A call was interrupted while the core may have been writing its memory. The core is not used any more. */
const BROKEN = 2
let state = IDLE

/** The exports that the guard needs. */
interface GuardExports {
  /** The stack pointer of the core's own stack. */
  readonly __stack_pointer: WebAssembly.Global<'i32'>
  /** Overflows the runtime's stack if a call would. */
  probeStack(): number
}

let core: GuardExports
/** The stack pointer while no call is running. */
let idleStack: number
/** Whether the first verdict has begun. */
let isWarm = false

/** Takes the exports of a new instance. */
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

/** Begins a call that follows another from the same function, so that the stack is known to suffice. */
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

/** Ends a call that threw. Returns what it threw. */
export function abortCall(thrown: unknown): unknown {
  // A stack may overflow anywhere. Every other error is thrown by the core itself, whose memory is in order then.
  if (/^(Range|Internal)Error$/.test((thrown as Error | null)?.name ?? '')) state = BROKEN
  else {
    state = IDLE
    core.__stack_pointer.value = idleStack
  }
  return thrown
}
