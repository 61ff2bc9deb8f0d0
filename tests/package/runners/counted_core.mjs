/** Counts the verifications of the core, and makes them fail if asked to. Must be imported before the core starts. */

/** How often `verify` of the core was called; with `tamper`, the last character of each token is another. */
export const core = { verifications: 0, tamper: false }

const { Instance } = WebAssembly
WebAssembly.Instance = function (module, imports) {
  const { exports } = new Instance(module, imports)
  const verify = (policy, keys, length, ...rest) => {
    core.verifications += 1
    if (core.tamper) new Uint8Array(exports.memory.buffer)[exports.inputPointer() + length - 20] ^= 1
    return exports.verify(policy, keys, length, ...rest)
  }
  return { exports: { ...exports, verify } }
}
