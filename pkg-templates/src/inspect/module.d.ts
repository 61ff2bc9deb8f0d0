/** The types of the bindings that wasm-bindgen generates for the inspector. `build.mjs` copies the bindings. */
import type { Report } from './report.js'

/** The argument of the module: `Request` in `src/inspect/request.rs`. */
export interface ModuleRequest {
  input: string
  keys?: { text: string; from?: string; url?: string }[]
  /** JSON text. */
  policy?: string
  /** JSON text. */
  needs?: string
  now: number
  metadata?: string
  request?: { method?: string; url?: string; token?: string }
}

/** Explains a pasted text. */
export declare function inspect(request: ModuleRequest): Report
/** Takes the exports of the running module. */
export declare function __wbg_set_wasm(exports: WebAssembly.Exports): void
