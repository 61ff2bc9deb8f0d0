/** What other entries of this package read of a gate and of its passes, beyond what these show. */
import { record } from '../base/record.js'

/** A name that every copy of the package agrees on: bundlers and `require` make copies. */
const DETAILS: unique symbol = Symbol.for('jotgate.details') as never

/** Of a gate. */
export interface GateDetails {
  /** The option `resource`, as it was given. */
  readonly resource: string | undefined
  /** Where the metadata of the resource is (RFC 9728 §3.1). */
  readonly metadataUrl: string | undefined
}

/** Of a pass. */
export interface PassDetails {
  /** The details of its gate. */
  readonly gate: GateDetails
  /** The token that was verified. */
  readonly token: string
}

/** Attaches details to a gate or a pass. They are not enumerable: no log and no JSON shows the token. */
export function attachDetails<T extends object>(value: T, details: GateDetails | PassDetails): T {
  DESCRIPTOR.value = details
  Object.defineProperty(value, DETAILS, DESCRIPTOR)
  DESCRIPTOR.value = undefined
  return value
}

/** Made once: a descriptor that inherits nothing is slow to make. */
const DESCRIPTOR: PropertyDescriptor = record({ value: undefined as unknown })

/** The details of a gate; `undefined` for any other object. */
export function gateDetails(value: object): GateDetails | undefined {
  return detailsOf(value) as GateDetails | undefined
}

/** The details of a pass; `undefined` for any other object. */
export function passDetails(value: object): PassDetails | undefined {
  return detailsOf(value) as PassDetails | undefined
}

function detailsOf(value: object): unknown {
  return Object.hasOwn(value, DETAILS) ? (value as { [DETAILS]?: unknown })[DETAILS] : undefined
}
