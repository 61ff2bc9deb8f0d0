/** What the core imports, each by the name that it has there: `build.mjs` writes the module. */
export const imports: WebAssembly.ModuleImports
