/** Runs commands and passes on the lines that they print. Nothing that was started outlives this process. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** How long a command may print nothing. */
const PATIENCE = 600_000

const running = new Set()

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    for (const child of running) stop(child)
    process.exit(1)
  })
}
process.on('exit', () => {
  for (const child of running) stop(child, 'SIGKILL')
})

/** Starts a process in its own group, which ends with this process. */
export function start(command, args, options) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true, ...options })
  running.add(child)
  child.on('exit', () => running.delete(child))
  return child
}

/** Ends a process and all that it started. */
export function stop(child, signal = 'SIGTERM') {
  if (child?.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // It has ended.
  }
}

/** Runs a command to its end; `line` gets each line of standard output. */
export async function run(command, args, { line = () => {}, ...options } = {}) {
  const child = start(command, args, options)
  const last = []
  createInterface({ input: child.stderr }).on('line', (text) => {
    last.push(text)
    if (last.length > 20) last.shift()
  })
  // A line that cannot be parsed ends the run, not the process.
  let broken
  let clock
  const patient = () => {
    clearTimeout(clock)
    clock = setTimeout(() => {
      broken ??= new Error(`\`${command}\` said nothing for ${PATIENCE / 1_000} s`)
      stop(child, 'SIGKILL')
    }, PATIENCE)
  }
  patient()
  const lines = createInterface({ input: child.stdout })
  lines.on('line', (text) => {
    patient()
    try {
      line(text)
    } catch (thrown) {
      broken ??= thrown
    }
  })
  const closed = new Promise((settle) => lines.once('close', settle))
  const code = await new Promise((settle, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => settle(code ?? signal))
  })
  await closed
  clearTimeout(clock)
  if (broken !== undefined) throw broken
  if (code !== 0) throw new Error(`\`${command} ${args.join(' ')}\` ended with ${code}:\n${last.join('\n')}`)
}
