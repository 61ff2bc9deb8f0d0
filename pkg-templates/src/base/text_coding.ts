/**
 * The host's `TextEncoder` and `TextDecoder`. Jest's jsdom hides both from the code under test, although they are there:
 * Node hands them out all the same.
 */
interface Coders {
  readonly TextDecoder: typeof globalThis.TextDecoder
  readonly TextEncoder: typeof globalThis.TextEncoder
}

const host = globalThis as Partial<Coders> & {
  process?: { getBuiltinModule?(name: 'node:util'): Coders | undefined }
}
const hidden =
  host.TextDecoder === undefined || host.TextEncoder === undefined
    ? host.process?.getBuiltinModule?.('node:util')
    : undefined

export const TextDecoder = (hidden ?? (host as Coders)).TextDecoder
export const TextEncoder = (hidden ?? (host as Coders)).TextEncoder
