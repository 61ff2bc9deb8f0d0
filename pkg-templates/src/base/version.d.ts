/** The version of the package; `build.mjs` writes it. */
export const VERSION: string
