/**
 * Keeps the core usable, or refuses to use it, after an interrupted call: by an exhausted stack or memory, or by a
 * runtime that terminates a script. WebAssembly does not unwind: whatever the call had half written stays.
 *
 *                beginCall                    askHost
 *        ┌──────┐ ────────▶ ┌──────┐ ────────────────────▶ ┌────────┐
 *        │ IDLE │           │ BUSY │                       │ ASKING │ ── beginCall ──▶ BUSY (nested)
 *        └──────┘ ◀──────── └──────┘ ◀──────────────────── └────────┘
 *                  endCall      │      the host's answer
 *                               │ abortCall: an exhausted stack, or a terminated script
 *                               ▼
 *                           BROKEN: every further call throws
 *
 * `probeStack` runs first and overflows, if anything does, before the core has changed any memory. An error that the
 * core throws itself leaves its memory in order: `abortCall` restores the stack pointer and the former state.
 */

/** No call is running. */
const IDLE = 0
/** The core is computing. */
const BUSY = 1
/** The core waits for the answer of {@link askHost}, which may call the core again. */
const ASKING = 2
/** A call was interrupted while the core may have been writing its memory. The core is not used any more. */
const BROKEN = 3
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
/** The stack pointer while the core waits for an answer. */
let askingStack: number

/** Takes the exports of the one instance. */
export function guard(exports: GuardExports): void {
  core = exports
  idleStack = core.__stack_pointer.value
}

/** How many bytes of the core's own stack must stay free. It grows from 1 MiB down to 0. */
const RESERVE = 1 << 17

/** Begins a call. Throws if the core is unusable. The result is for {@link endCall} and {@link abortCall}. */
export function beginCall(): number {
  if (state !== IDLE) assertUsable()
  core.probeStack()
  return beginNextCall()
}

/** Begins a call that follows another from the same function, so that the stack is known to suffice. */
export function beginNextCall(): number {
  const before = state
  if (before === BUSY || before === BROKEN) assertUsable()
  state = BUSY
  return before
}

function assertUsable(): void {
  // A script that was terminated while it answered left the core in order, but each such answer uses up some stack.
  if (state === ASKING && core.__stack_pointer.value >= RESERVE) return
  throw broken()
}

function broken(): Error {
  state = BROKEN
  return new Error('the WebAssembly core was interrupted and can no longer be used; reload the package')
}

/** Ends a call that returned. */
export function endCall(before: number): void {
  state = before
}

/** Ends a call that threw. Returns what it threw. */
export function abortCall(thrown: unknown, before: number): unknown {
  // A stack may overflow anywhere. Every other error is thrown by the core itself, whose memory is in order then.
  if (state === BROKEN || /^(Range|Internal)Error$/.test((thrown as Error | null)?.name ?? '')) state = BROKEN
  else {
    state = before
    core.__stack_pointer.value = before === IDLE ? idleStack : askingStack
  }
  return thrown
}

/** Runs `answer`, which the core calls in the middle of a call and which may call the core again. */
export function askHost<T>(answer: () => T): T {
  state = ASKING
  askingStack = core.__stack_pointer.value
  const answered = answer()
  // Runtimes do not interrupt their cryptography. A script that has to be terminated is terminated here, where the core
  // is in order.
  try {
    core.probeStack()
  } catch {
    // The stack sufficed before.
  }
  // The answer called the core, and that call was interrupted.
  if (state !== ASKING) throw broken()
  state = BUSY
  return answered
}
