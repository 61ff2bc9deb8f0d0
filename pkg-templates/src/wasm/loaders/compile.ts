/** Compiles and starts a WebAssembly module whose bytes are base64 text. */
import { isBrowser } from '../../base/runtime.js'

/** Compiles the module with the bytes of `base64`. */
export function compile(base64: string): WebAssembly.Module {
  try {
    return new WebAssembly.Module(decode(base64))
  } catch (thrown) {
    // Some browsers refuse to compile a large module synchronously on the main thread.
    if (!(thrown instanceof RangeError)) throw blocked(thrown)
    throw new Error('the core is not ready: this browser compiles it only asynchronously, so call `await ready()` first', {
      cause: thrown,
    })
  }
}

/** Compiles the module asynchronously. */
export function compileAside(base64: string): Promise<WebAssembly.Module> {
  return WebAssembly.compile(decode(base64)).catch((thrown: unknown) => {
    throw blocked(thrown)
  })
}

/** Starts the module. */
export function instantiate(module: WebAssembly.Module, imports: WebAssembly.Imports): WebAssembly.Instance {
  try {
    // WebKit applies a Content-Security-Policy only here, not when it compiles.
    return new WebAssembly.Instance(module, imports)
  } catch (thrown) {
    throw blocked(thrown)
  }
}

/** Returns the error for a page whose policy forbids WebAssembly. The bytes are part of the package, so there is no other cause. */
function blocked(thrown: unknown): unknown {
  if (!isBrowser()) return thrown
  const message =
    "the page's Content-Security-Policy forbids WebAssembly: add 'wasm-unsafe-eval' to `script-src`, or only read claims with `jotgate/decode`"
  return Object.assign(new Error(message, { cause: thrown }), { code: 'ERR_WASM_BLOCKED' })
}

function decode(base64: string): Uint8Array<ArrayBuffer> {
  const host = globalThis as {
    Buffer?: { from(text: string, encoding: 'base64'): Uint8Array<ArrayBuffer> }
  }
  const bytes = Uint8Array as { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> }
  if (typeof bytes.fromBase64 === 'function') return bytes.fromBase64(base64)
  if (typeof host.Buffer?.from === 'function') return host.Buffer.from(base64, 'base64')
  const binary = atob(base64)
  const decoded = new Uint8Array(binary.length)
  // A plain loop is faster than `Uint8Array.from` with a function.
  for (let index = 0; index < binary.length; index++) decoded[index] = binary.charCodeAt(index)
  return decoded
}
