/** Caches parsed headers by the IDs that the core assigns. An issuer writes few different headers. */
import { isFlat } from '../base/record.js'
import type { ProtectedHeader } from '../base/types.js'

const headers = new Map<number, ProtectedHeader>()
const MAX_HEADERS = 64

/** Returns a copy of the header with this ID, if it is cached. */
export function knownHeader(id: number): ProtectedHeader | undefined {
  const known = headers.get(id)
  return known && { ...known }
}

/** Caches a new header, and returns it. With ID 0, the core does not cache the header, so this function does not either. */
export function rememberHeader(id: number, header: ProtectedHeader): ProtectedHeader {
  // A shallow copy is a complete copy only of a flat object.
  if (id !== 0 && isFlat(header)) {
    if (headers.size === MAX_HEADERS) headers.clear()
    headers.set(id, { ...header })
  }
  return header
}
