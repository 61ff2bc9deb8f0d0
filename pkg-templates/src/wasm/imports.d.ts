/** The functions that the core imports, by their names in the core. `build.mjs` writes this module. */
export const imports: WebAssembly.ModuleImports
