/** The bytes of `jotgate.wasm` in base64; `build.mjs` writes the module. */
export declare const base64: string
