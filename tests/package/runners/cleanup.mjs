/** Runs functions when this process ends, by any way but SIGKILL. */
const last = new Set()

process.on('exit', () => {
  for (const act of last) act()
})
for (const [signal, number] of Object.entries({ SIGHUP: 1, SIGINT: 2, SIGTERM: 15 })) {
  process.once(signal, () => process.exit(128 + number))
}

/** Has it done, synchronously, unless it is called off by the function that is returned. */
export function beforeLeaving(act) {
  last.add(act)
  return () => void last.delete(act)
}
