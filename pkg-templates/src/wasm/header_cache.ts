/** Headers that were parsed before, by the IDs that the core gives them. An issuer writes few different ones. */
import { isFlat } from '../base/record.js'
import type { ProtectedHeader } from '../base/types.js'

const headers = new Map<number, ProtectedHeader>()
const MAX_HEADERS = 64

/** A copy of the header with this ID, if it is remembered. */
export function knownHeader(id: number): ProtectedHeader | undefined {
  const known = headers.get(id)
  return known && { ...known }
}

/** Remembers a new header, and returns it. ID 0 means that the core does not remember it either. */
export function rememberHeader(id: number, header: ProtectedHeader): ProtectedHeader {
  // A shallow copy is a complete copy only of a flat object.
  if (id !== 0 && isFlat(header)) {
    if (headers.size === MAX_HEADERS) headers.clear()
    headers.set(id, { ...header })
  }
  return header
}
