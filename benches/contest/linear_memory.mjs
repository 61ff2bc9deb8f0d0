/** Loads the package and watches the memory of its instance. Import it before the package. */
const instances = []
WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
  construct(target, args) {
    const instance = Reflect.construct(target, args)
    instances.push(instance)
    return instance
  },
})

export const { KeySet, Verifier } = await import('jotgate')

/** The bytes of linear memory of all instances. */
export function linearMemory() {
  const memories = instances
    .map(({ exports }) => exports.memory)
    .filter((memory) => memory instanceof WebAssembly.Memory)
  if (memories.length === 0) throw new Error('the package has started no instance')
  return memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0)
}
