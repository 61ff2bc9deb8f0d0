/** The bytes of `inspect.wasm` in base64; `build.mjs` writes the module. */
export declare const base64: string
