/** Counts the verifications of the core, and makes them fail if asked to. Must be imported before the core starts. */

/** How often `verify` of the core was called; with `tamper`, each token lacks its last character. */
export const core = { verifications: 0, tamper: false }

const { Instance } = WebAssembly
WebAssembly.Instance = function (module, imports) {
  const { exports } = new Instance(module, imports)
  const verify = (policy, keys, length, ...rest) => {
    core.verifications += 1
    return exports.verify(policy, keys, core.tamper ? length - 1 : length, ...rest)
  }
  return { exports: { ...exports, verify } }
}
